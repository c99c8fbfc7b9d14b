// Puts admission inside the encryption step of a connection: libp2p attaches the multiplexer, and with it
// every protocol, only to a connection that this step hands back. What is not admitted is never a connection.

import { CacheMeshError, ERRORS, type ErrorCode } from '@cachemesh/protocol'
import type {
  ConnectionEncrypter,
  MessageStream,
  SecureConnectionOptions,
  SecuredConnection,
} from '@libp2p/interface'
import { byteStream } from '@libp2p/utils'
import { type AdmissionChannel, type AdmissionParty, admitAsDialer, admitAsListener } from './admission.ts'
import { joinSends } from './joined-sends.ts'
import { TlsConnection } from './tls-connection.ts'

/** The whole exchange, ms. Nodes that all start at once on one machine are slow, and no strangers for that. */
const ADMISSION_TIMEOUT_MS = 5_000
/** How long a dialer that found the wrong mesh leaves the listener to find the same, ms. */
const HANG_UP_MS = 250
/** A dialer that is admitted may send its first stream openings at once; these are much less. */
const UNREAD_BYTES_MAX = 16 * 1024
const YAMUX = '/yamux/1.0.0'

export interface Gate extends AdmissionParty {
  /** A connection from outside was refused, or this node found a second process where it dialled. */
  refused(reason: CacheMeshError, address: string): void
}

/** An encrypter that admits after `inner` has secured the connection. */
export function admitting(inner: ConnectionEncrypter, name: string, gate: Gate): ConnectionEncrypter {
  return {
    protocol: `/cachemesh/3/${name}`,
    async secureOutbound(connection: MessageStream, options?: SecureConnectionOptions) {
      const secured = await inner.secureOutbound(connection, options)
      const peer = secured.remotePeer.toString()
      const channel = channelOf(secured.connection, options?.signal)
      try {
        await admitAsDialer(channel, gate, peer)
      } catch (error) {
        const reason = abort(secured, error)
        if (isDuplicate(reason.cause)) gate.refused(reason.cause, addressOf(connection))
        throw coded(reason)
      }
      return handOver(secured, channel)
    },
    async secureInbound(connection: MessageStream, options?: SecureConnectionOptions) {
      const secured = await inner.secureInbound(connection, options)
      const channel = channelOf(secured.connection, options?.signal)
      try {
        await admitAsListener(channel, gate, secured.remotePeer.toString())
      } catch (error) {
        const reason = abort(secured, error)
        if (reason.code !== 'ERR_UNREACHABLE') gate.refused(reason, addressOf(connection))
        throw reason
      }
      return handOver(secured, channel)
    },
  }
}

/** libp2p keeps only the message of an error thrown here, so the code travels at its head. */
function coded(reason: CacheMeshError): CacheMeshError {
  return new CacheMeshError(reason.code, `[${reason.code}] ${reason.message}`, { cause: reason })
}

/** Reads back what `coded` wrote from whatever a dial rejected with. */
export function decoded(error: unknown): CacheMeshError | undefined {
  if (error instanceof AggregateError) {
    for (const one of error.errors) {
      const found = decoded(one)
      if (found !== undefined) return found
    }
  }
  if (!(error instanceof Error)) return undefined
  const match = /\[(ERR_[A-Z_]+)\] ([\s\S]*)/.exec(error.message)
  if (match === null || !Object.hasOwn(ERRORS, match[1] as string)) return decoded(error.cause)
  return new CacheMeshError(match[1] as ErrorCode, match[2] as string, { cause: error })
}

interface Channel extends AdmissionChannel {
  release(): void
}

function channelOf(connection: MessageStream, signal: AbortSignal | undefined): Channel {
  const bytes = byteStream(connection, { maxBufferSize: UNREAD_BYTES_MAX })
  const timeout = AbortSignal.timeout(ADMISSION_TIMEOUT_MS)
  const options = { signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]) }
  return {
    async read(count) {
      return (await bytes.read({ bytes: count, ...options })).subarray()
    },
    async write(data) {
      await bytes.write(data, options)
    },
    async ended() {
      const signal = AbortSignal.timeout(HANG_UP_MS)
      while ((await bytes.read({ signal }).catch(() => null)) !== null);
    },
    release() {
      bytes.unwrap()
    },
  }
}

function handOver(secured: SecuredConnection, channel: Channel): SecuredConnection {
  const { connection, streamMuxer } = secured
  joinSends(connection)
  // Unless TLS has chosen the multiplexer, the two sides negotiate it first.
  if (connection instanceof TlsConnection && streamMuxer?.protocol === YAMUX) connection.expectFrames()
  // What arrived behind the exchange goes back to the connection, for the multiplexer.
  channel.release()
  return secured
}

function abort(secured: SecuredConnection, error: unknown): CacheMeshError {
  const reason =
    error instanceof CacheMeshError
      ? error
      : new CacheMeshError('ERR_UNREACHABLE', 'The connection broke during admission', { cause: error })
  secured.connection.abort(reason)
  return reason
}

function isDuplicate(error: unknown): error is CacheMeshError {
  return error instanceof CacheMeshError && error.code === 'ERR_DUPLICATE_IDENTITY'
}

function addressOf(connection: MessageStream): string {
  return 'remoteAddr' in connection ? String(connection.remoteAddr) : 'an unknown address'
}
