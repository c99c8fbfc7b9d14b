import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { generateKey } from 'cachemesh'
import { describe, expect, it, vi } from 'vitest'
import { ask, gateways } from './testing/gateway.ts'

const start = gateways()

describe('health', () => {
  it('is ready when the node serves, not once it has left', async () => {
    const { node, url } = await start()
    expect(await ask(url, '/livez')).toMatchObject({ status: 200, body: '{"live":true}' })
    expect(await ask(url, '/readyz')).toMatchObject({
      status: 200,
      body: '{"ready":true,"state":"active","reason":"","entries":"warm","storage":"none"}',
    })
    await node.leave()
    const left = await ask(url, '/readyz')
    expect(left.status).toBe(503)
    expect(JSON.parse(left.body)).toEqual({ ...node.readiness, ready: false, state: 'left' })
    await node.close()
    const closed = await ask(url, '/readyz')
    expect({ status: closed.status, reason: JSON.parse(closed.body).reason }).toEqual({
      status: 503,
      reason: 'the node is closing',
    })
    expect((await ask(url, '/livez')).status).toBe(200)
  })

  it('is not ready while no seed answers, or when all refuse it', async () => {
    // Takes connections and drops them, and keeps the port meanwhile.
    const seed = createServer(socket => socket.destroy()).listen(0, '127.0.0.1')
    await once(seed, 'listening')
    const listen = `127.0.0.1:${(seed.address() as AddressInfo).port}`
    const { url } = await start({ key: generateKey(), seeds: [listen] })
    const alone = await ask(url, '/readyz')
    expect(alone.status).toBe(503)
    expect(JSON.parse(alone.body)).toMatchObject({
      ready: false,
      reason: expect.stringContaining('answered'),
    })

    seed.close()
    await start({ key: generateKey(), listen })
    await vi.waitFor(
      async () => {
        const refused = await ask(url, '/readyz')
        expect(refused.status).toBe(503)
        expect(JSON.parse(refused.body).reason).toContain('mesh key')
      },
      { timeout: 20_000, interval: 50 },
    )
  })
})
