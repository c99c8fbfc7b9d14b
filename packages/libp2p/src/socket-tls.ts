// TLS right over the socket of a connection. It speaks what libp2p's TLS speaks, and each side may do either; but
// there every record passes a chain of streams in JavaScript, on its way in and on its way out, and here none does.
// For values of 64 KiB that is most of what the channel costs (decision 0036).
//
// The socket is no public part of libp2p's connections: where there is none, or something else has been read from it
// before, libp2p's own TLS takes over.

import { Socket } from 'node:net'
import { connect, TLSSocket } from 'node:tls'
import type {
  ConnectionEncrypter,
  MessageStream,
  PrivateKey,
  SecureConnectionOptions,
  SecuredConnection,
  Upgrader,
} from '@libp2p/interface'
import { type Certificate, certifiedPeer, createCertificate } from './certificate.ts'
import { TlsConnection } from './tls-connection.ts'

/** Said by ALPN of a side that does not choose the multiplexer there. */
const NO_MUXER = 'libp2p'

export interface TlsComponents {
  readonly privateKey: PrivateKey
  readonly upgrader: Upgrader
}

/** `inner`: libp2p's own TLS. */
export function tlsOverSocket(inner: ConnectionEncrypter, components: TlsComponents): ConnectionEncrypter {
  let certificate: Certificate | undefined
  // It has to be there when a connection comes: what arrives meanwhile would be taken from the socket.
  createCertificate(components.privateKey, Date.now()).then(
    created => {
      certificate = created
    },
    () => {},
  )

  const secure = (
    connection: MessageStream,
    isServer: boolean,
    options: SecureConnectionOptions = {},
  ): Promise<SecuredConnection> => {
    const raw = socketOf(connection)
    if (raw === undefined || certificate === undefined) {
      return isServer ? inner.secureInbound(connection, options) : inner.secureOutbound(connection, options)
    }
    const muxers = components.upgrader.getStreamMuxers()
    const ownMuxers = options.skipStreamMuxerNegotiation === true ? [] : [...muxers.keys()]
    const parameters = {
      ...certificate,
      minVersion: 'TLSv1.3',
      // Certificates are self-signed; `certifiedPeer` judges them.
      rejectUnauthorized: false,
      ALPNProtocols: [...ownMuxers, NO_MUXER],
    } as const
    const socket = isServer
      ? new TLSSocket(raw, { ...parameters, isServer, requestCert: true })
      : connect({ ...parameters, socket: raw })
    return handshake(connection, socket, options).then(remotePeer => {
      const chosen = muxers.get(socket.alpnProtocol || NO_MUXER)
      return {
        remotePeer,
        connection: new TlsConnection(connection, socket),
        ...(chosen && { streamMuxer: chosen }),
      }
    })
  }

  return {
    protocol: inner.protocol,
    secureInbound: (connection: MessageStream, options?: SecureConnectionOptions) =>
      secure(connection, true, options),
    secureOutbound: (connection: MessageStream, options?: SecureConnectionOptions) =>
      secure(connection, false, options),
  }
}

async function handshake(
  connection: MessageStream,
  socket: TLSSocket,
  { signal, remotePeer: expected }: SecureConnectionOptions,
): Promise<SecuredConnection['remotePeer']> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const onAbort = (): void => reject(signal?.reason)
  const onClose = (): void => reject(new Error('The connection ended during the TLS handshake'))
  // It stays: an error of a socket that nobody listens to would end the process.
  socket.on('error', reject)
  socket.once('close', onClose)
  socket.once('secure', resolve)
  signal?.addEventListener('abort', onAbort)
  try {
    await promise
    const certificate = socket.getPeerX509Certificate()
    if (certificate === undefined) throw new Error('The peer showed no certificate')
    const peer = await certifiedPeer(certificate, Date.now())
    if (expected?.equals(peer) === false) throw new Error(`${expected} was dialled, and ${peer} answered`)
    signal?.throwIfAborted()
    return peer
  } catch (error) {
    socket.destroy()
    connection.abort(error as Error)
    throw error
  } finally {
    socket.off('close', onClose)
    signal?.removeEventListener('abort', onAbort)
  }
}

function socketOf(connection: MessageStream): Socket | undefined {
  if (!('socket' in connection) || !(connection.socket instanceof Socket)) return undefined
  return connection.readBufferLength === 0 && connection.writeBufferLength === 0
    ? connection.socket
    : undefined
}
