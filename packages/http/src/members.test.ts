import { describe, expect, it, vi } from 'vitest'
import { ask, gateways, keyOf } from './testing/gateway.ts'

const start = gateways()
const json = async (url: string, path: string) => JSON.parse((await ask(url, path)).body)

describe('members, ring and routes', () => {
  it('say what the node is asked for, the hottest key first', async () => {
    const { url, node } = await start()
    await node.namespace('users').set('hot', 1)
    await vi.waitFor(async () => {
      for (let i = 0; i < 200; i++) await node.namespace('users').get(i % 4 === 0 ? 'cold' : 'hot')
      const { perSecond, keys, arcs } = await json(url, '/v1/load')
      expect(keys.slice(0, 2)).toMatchObject([
        { namespace: 'users', key: 'hot', copies: [] },
        { namespace: 'users', key: 'cold' },
      ])
      expect(keys[0].perSecond).toBeGreaterThan(keys[1].perSecond)
      expect(perSecond).toBeGreaterThanOrEqual(keys[0].perSecond)
      expect(arcs[0]).toEqual({
        arc: expect.any(Number),
        perSecond: expect.any(Number),
        owner: node.id,
        position: expect.any(Number),
      })
    })
  })

  it('say who is there, and where they answer', async () => {
    const a = await start({ zone: 'a', weight: 3 })
    const b = await start({ seeds: a.node.addresses })
    await vi.waitFor(async () => {
      const { members } = await json(a.url, '/v1/members')
      const [self, other] = a.node.id < b.node.id ? members : members.toReversed()
      expect(self).toEqual({
        id: a.node.id,
        state: 'active',
        addresses: a.node.addresses,
        weight: 3,
        zone: 'a',
        incarnation: expect.any(Number),
        since: expect.any(Number),
        software: expect.stringMatching(/^cachemesh\//),
        gateways: { http: a.url },
        self: true,
      })
      expect(other).toMatchObject({ id: b.node.id, gateways: { http: b.url } })
      expect(other).not.toHaveProperty('self')
    })
    expect(await json(b.url, '/v1/ring')).toEqual(b.node.ring)
    const node = await json(b.url, '/v1/node')
    expect(node).toEqual({
      id: b.node.id,
      addresses: b.node.addresses,
      state: 'active',
      readiness: b.node.readiness,
      version: b.node.configuration.version,
      stats: b.node.stats,
    })
  })

  it('say who owns a key', async () => {
    const a = await start()
    const b = await start({ seeds: a.node.addresses })
    const key = `${keyOf(b.node)}`
    const route = { namespace: 'default', key, owner: b.node.id, replicas: [] }
    expect(await json(a.url, `/v1/route/${key}`)).toEqual({ ...route, local: false })
    expect(await json(b.url, `/v1/route/default/${key}`)).toEqual({ ...route, local: true })
    expect(await json(a.url, '/v1/route/users/a%2Fb%20%C3%A9')).toEqual({
      namespace: 'users',
      key: 'a/b é',
      ...a.node.namespace('users').route('a/b é'),
    })
  })

  it('say that nobody owns a key where every weight is 0', async () => {
    const { url } = await start({ weight: 0 })
    expect(await json(url, '/v1/route/k')).toMatchObject({ owner: null, local: false })
  })
})

describe('POST /v1/leave', () => {
  it('answers, then starts what it is told to start, once', async () => {
    const leave = vi.fn<() => void>()
    const { url } = await start({}, { leave })
    for (let i = 0; i < 2; i++) {
      const response = await ask(url, '/v1/leave', { method: 'POST' })
      expect(response).toMatchObject({ status: 202, body: '{"leaving":true}' })
    }
    await vi.waitFor(() => expect(leave).toHaveBeenCalledTimes(1))
  })

  it('answers also when leaving ends the gateway', async () => {
    const served = await start({}, { leave: () => void served.gateway.close() })
    expect(await ask(served.url, '/v1/leave', { method: 'POST' })).toMatchObject({ status: 202 })
    await vi.waitFor(() => expect(ask(served.url, '/livez')).rejects.toThrow('ECONNREFUSED'))
  })
})
