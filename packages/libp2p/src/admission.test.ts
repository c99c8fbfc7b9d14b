import { randomBytes } from 'node:crypto'
import { identify } from '@libp2p/identify'
import type { ConnectionEncrypter, Libp2p, MessageStream } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createIdentity } from './identity.ts'
import { closeAll, key, open } from './testing/mesh.ts'
import { until } from './testing/until.ts'
import { createTransport } from './transport.ts'

const strangers: Libp2p[] = []

afterEach(async () => {
  await Promise.all(strangers.splice(0).map(stranger => stranger.stop()))
  await closeAll()
})

describe('admission', () => {
  for (const encryption of ['noise', 'tls'] as const) {
    it(`refuses another key, and no key, over ${encryption}`, async () => {
      const listener = await open({ keys: [key(1)] })
      for (const keys of [[key(2)], []]) {
        const dialer = await open({ keys, encryption })
        const dial = dialer.transport.dial(listener.transport.addresses)
        await expect(dial).rejects.toMatchObject({
          code: 'ERR_ADMISSION_REFUSED',
          message: expect.stringContaining('--key-file'),
        })
        expect(dialer.ups).toEqual([])
      }
      await until(() => expect(listener.refused).toHaveLength(2))
      expect(listener.refused.map(reason => reason.code)).toEqual([
        'ERR_ADMISSION_REFUSED',
        'ERR_ADMISSION_REFUSED',
      ])
      expect(listener.transport.refusals).toBe(2)
      expect(listener.ups).toEqual([])
    })

    it(`tells both sides of different meshes the two names, over ${encryption}`, async () => {
      const listener = await open({ meshId: 'shop' })
      const dialer = await open({ meshId: 'forum', encryption })
      const error = expect.objectContaining({
        code: 'ERR_WRONG_MESH',
        message: expect.stringMatching(/(?=.*"shop")(?=.*"forum")/),
      })
      await expect(dialer.transport.dial(listener.transport.addresses)).rejects.toEqual(error)
      await until(() => expect(listener.refused).toEqual([error]))
    })
  }

  it('refuses a node with a key at one without', async () => {
    const listener = await open({ keys: [] })
    const dialer = await open({ keys: [key(1)] })
    await expect(dialer.transport.dial(listener.transport.addresses)).rejects.toMatchObject({
      code: 'ERR_ADMISSION_REFUSED',
    })
  })

  it('accepts every key of the list, so that keys change with no node refused', async () => {
    const steps = [[key(1)], [key(1), key(2)], [key(2), key(1)], [key(2)]]
    for (let i = 0; i + 1 < steps.length; i++) {
      const [before, after] = [await open({ keys: steps[i]! }), await open({ keys: steps[i + 1]! })]
      await before.transport.dial(after.transport.addresses)
      await until(() => expect(after.ups).toHaveLength(1))
      const [again, other] = [await open({ keys: steps[i + 1]! }), await open({ keys: steps[i]! })]
      await again.transport.dial(other.transport.addresses)
      await until(() => expect(other.ups).toHaveLength(1))
    }
  })

  it('lets nodes with different preferred encryption meet', async () => {
    const [a, b] = [await open({ encryption: 'noise' }), await open({ encryption: 'tls' })]
    await a.transport.dial(b.transport.addresses)
    const [c, d] = [await open({ encryption: 'tls' }), await open({ encryption: 'noise' })]
    await c.transport.dial(d.transport.addresses)
  })

  it('says a nonce and no more to a stranger who proves nothing', async () => {
    const { transport, refused, ups } = await open()
    const heard: Uint8Array[] = []
    const dialling = stranger(async secured => {
      const ended = new Promise(resolve => secured.addEventListener('close', resolve))
      secured.addEventListener('message', ({ data }) => heard.push(data.subarray()))
      secured.send(randomBytes(64))
      await ended
    }).then(node => node.dial(multiaddr(transport.addresses[0])))
    await expect(dialling).rejects.toThrow()
    await until(() => expect(refused).toHaveLength(1))
    expect(Buffer.concat(heard)).toHaveLength(32)
    expect(ups).toEqual([])
  })

  it('answers no protocol to a stranger who skips the exchange', async () => {
    const { transport, refused, ups } = await open()
    const node = await stranger(async () => {})
    const identified = vi.fn()
    node.addEventListener('peer:identify', identified)
    const asking = node.dialProtocol(multiaddr(transport.addresses[0]), '/ipfs/id/1.0.0', {
      signal: AbortSignal.timeout(5_000),
    })
    await expect(asking).rejects.toThrow()
    await until(() => expect(refused).toHaveLength(1))
    expect(identified).not.toHaveBeenCalled()
    expect(ups).toEqual([])
  })

  it('does not even begin with a node that knows ordinary libp2p encryption only', async () => {
    const { transport } = await open()
    const node = await stranger(undefined)
    await expect(node.dial(multiaddr(transport.addresses[0]))).rejects.toThrow()
  })

  it('hangs up on a stranger who says nothing', async () => {
    const { transport, refused } = await open()
    const node = await stranger(
      secured => new Promise(resolve => secured.addEventListener('close', () => resolve())),
    )
    await expect(node.dial(multiaddr(transport.addresses[0]))).rejects.toThrow()
    await until(() => expect(refused).toHaveLength(1))
  })
})

describe('protected mode', () => {
  it('joins nodes without a key on loopback', async () => {
    const [a, b] = [await open({ keys: [] }), await open({ keys: [], listen: ['localhost:0'] })]
    await a.transport.dial(b.transport.addresses)
  })

  it('listens on loopback only, and says how to open up', async () => {
    const identity = await createIdentity()
    for (const listen of ['0.0.0.0:0', '[::]:0', '192.0.2.1:7400']) {
      await expect(createTransport({ ...closedOptions, identity, listen: [listen] })).rejects.toMatchObject({
        code: 'ERR_PROTECTED_MODE',
        message: expect.stringMatching(/cachemesh key.*--key-file/),
      })
    }
  })

  it('dials loopback only', async () => {
    const { transport } = await open({ keys: [] })
    for (const address of ['192.0.2.1:7400', '/ip6/2001:db8::1/tcp/7400']) {
      await expect(transport.dial([address])).rejects.toMatchObject({ code: 'ERR_PROTECTED_MODE' })
    }
  })
})

const closedOptions = {
  meshId: 'test',
  keys: [],
  handlers: { linkUp() {}, linkDown() {}, frame() {}, announcement() {} },
}

/**
 * A libp2p node that speaks our encryption, but not our admission: it runs `instead` on the secured
 * connection. Without it, it knows the ordinary name of the encryption only.
 */
async function stranger(instead: ((secured: MessageStream) => Promise<void>) | undefined): Promise<Libp2p> {
  const node = await createLibp2p({
    transports: [tcp()],
    streamMuxers: [yamux()],
    services: { identify: identify() },
    connectionEncrypters: [
      components => {
        const inner = noise()(components)
        if (instead === undefined) return inner
        const outer: ConnectionEncrypter = {
          protocol: '/cachemesh/3/noise',
          secureInbound: (connection, options) => inner.secureInbound(connection, options),
          async secureOutbound(connection, options) {
            const secured = await inner.secureOutbound(connection, options)
            await instead(secured.connection)
            return secured
          },
        }
        return outer
      },
    ],
  })
  strangers.push(node)
  return node
}
