// The two channels that an echo runs over: plain TCP, and a stream of its own on a connection made exactly as
// the mesh makes its links, encryption, admission and multiplexer included.

import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { createIdentity } from '@cachemesh/libp2p'
import type { Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { parseAddress } from '../../packages/libp2p/src/address.ts'
import { createLibp2pNode } from '../../packages/libp2p/src/libp2p-node.ts'
import { type ByteChannel, EchoClient, echoServer } from './echo.ts'
import type { Encryption } from './options.ts'

const PROTOCOL = '/bench/echo/1'

/** Where an echo listens. */
export interface EchoListener {
  readonly address: string
  close(): Promise<void>
}

export interface EchoConnection {
  readonly client: EchoClient
  close(): Promise<void>
}

export async function listenPlain(): Promise<EchoListener> {
  const server = createServer({ noDelay: true }, socket => {
    socket.on('data', echoServer({ send: bytes => socket.write(bytes) }))
    socket.on('error', () => socket.destroy())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return { address: `${port}`, close: async () => void server.close() }
}

export async function connectPlain(address: string, answerBytes: number): Promise<EchoConnection> {
  const socket = connect({ port: Number(address), host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  const client = new EchoClient({ send: bytes => socket.write(bytes) }, answerBytes)
  socket.on('data', chunk => client.receive(chunk))
  return { client, close: async () => void socket.destroy() }
}

export async function listenSecure(encryption: Encryption): Promise<EchoListener> {
  const libp2p = await startLibp2p(encryption, ['127.0.0.1:0'])
  await libp2p.handle(PROTOCOL, stream => receive(stream, echoServer(sendingTo(stream))))
  return { address: `${libp2p.getMultiaddrs()[0]}`, close: async () => await libp2p.stop() }
}

export async function connectSecure(
  encryption: Encryption,
  address: string,
  answerBytes: number,
): Promise<EchoConnection> {
  const libp2p = await startLibp2p(encryption, [])
  const stream = await libp2p.dialProtocol(multiaddr(address), PROTOCOL)
  const client = new EchoClient(sendingTo(stream), answerBytes)
  receive(stream, chunk => client.receive(chunk))
  return { client, close: async () => await libp2p.stop() }
}

async function startLibp2p(encryption: Encryption, listen: readonly string[]) {
  const { id, privateKey } = await createIdentity()
  const libp2p = await createLibp2pNode({
    privateKey,
    encryption,
    listen: listen.map(parseAddress),
    gate: {
      id,
      meshId: 'bench-echo',
      keys: [],
      instance: randomBytes(16),
      admits: async () => true,
      refused: () => {},
      duplicate: () => {},
    },
    deny: () => false,
  })
  await libp2p.start()
  return libp2p
}

function sendingTo(stream: Stream): ByteChannel {
  return { send: bytes => stream.send(bytes) }
}

function receive(stream: Stream, take: (chunk: Uint8Array) => void): void {
  stream.addEventListener('message', ({ data }) => {
    if (data instanceof Uint8Array) take(data)
    else for (const chunk of data) take(chunk)
  })
}
