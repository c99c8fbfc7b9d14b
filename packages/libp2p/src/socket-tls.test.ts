import { generateKeyPair } from '@libp2p/crypto/keys'
import type { ConnectionEncrypter, Libp2p, PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type TlsComponents, tlsOverSocket } from './socket-tls.ts'
import { until } from './testing/until.ts'

const PROTOCOL = '/test/1'
type Components = Parameters<ReturnType<typeof tls>>[0] & TlsComponents

/** Only ours: what would fall back to libp2p's fails. */
const ours = (components: Components): ConnectionEncrypter => {
  const refuse = async (): Promise<never> => {
    throw new Error('The TLS of libp2p was used')
  }
  const { protocol } = tls()(components)
  return tlsOverSocket({ protocol, secureInbound: refuse, secureOutbound: refuse }, components)
}
const theirs = (components: Components): ConnectionEncrypter => tls()(components)

async function start(
  encrypter: (components: Components) => ConnectionEncrypter,
  privateKey?: PrivateKey,
): Promise<Libp2p> {
  const node = await createLibp2p({
    privateKey: privateKey ?? (await generateKeyPair('Ed25519')),
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [encrypter as (components: unknown) => ConnectionEncrypter],
    streamMuxers: [yamux()],
  })
  onTestFinished(() => node.stop())
  return node
}

describe('TLS over the socket', () => {
  it.each([
    ['itself', ours, ours],
    ['a listener with that of libp2p', ours, theirs],
    ['a dialler with that of libp2p', theirs, ours],
  ])('speaks with %s, both ways, in order', async (_, dialler, listener) => {
    const [a, b] = [await start(dialler), await start(listener)]
    const sent = new Uint8Array(3_000_000).map((_, i) => (i * 31) >>> 5)
    await b.handle(PROTOCOL, stream => {
      stream.addEventListener('message', ({ data }) => stream.send(data))
    })
    const stream = await a.dialProtocol(b.getMultiaddrs(), PROTOCOL)
    const received: Uint8Array[] = []
    stream.addEventListener('message', ({ data }) => void received.push(data.subarray()))
    const inPieces = [1, 10, 20_000, 100_000, 1_000_000, 3_000_000]
    inPieces.reduce((from, to) => {
      stream.send(sent.subarray(from, to))
      return to
    }, 0)
    await until(() => expect(received.reduce((sum, { length }) => sum + length, 0)).toBe(sent.length), 10_000)
    expect(Buffer.compare(Buffer.concat(received), sent)).toBe(0)
    const [connection] = a.getConnections()
    expect(connection?.remotePeer.toString()).toBe(b.peerId.toString())
    expect(b.getConnections()[0]?.remotePeer.toString()).toBe(a.peerId.toString())
  })

  it('refuses whoever is not the peer that was dialled', async () => {
    const [a, b] = [await start(ours), await start(ours)]
    const other = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
    const [address] = b.getMultiaddrs()
    const wrong = address!.decapsulate('/p2p').encapsulate(`/p2p/${other}`)
    await expect(a.dial(wrong)).rejects.toThrow(/was dialled, and .* answered/)
    expect(a.getConnections()).toEqual([])
    await until(() => expect(b.getConnections()).toEqual([]))
  })

  it('tells each side when the other ends the connection, or breaks it', async () => {
    for (const end of ['close', 'abort'] as const) {
      const [a, b] = [await start(ours), await start(ours)]
      const connection = await a.dial(b.getMultiaddrs())
      await until(() => expect(b.getConnections()).toHaveLength(1))
      if (end === 'close') await connection.close()
      else connection.abort(new Error('broken'))
      await until(() => expect([a.getConnections(), b.getConnections()]).toEqual([[], []]))
    }
  })
})
