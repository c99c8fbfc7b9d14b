import { describe, expect, it, vi } from 'vitest'
import { ask, gateways, keyOf } from './testing/gateway.ts'

const start = gateways()

async function send(url: string, method: string, path: string, body?: object, headers = {}) {
  const reply = await ask(url, path, {
    method,
    ...(body && { body: JSON.stringify(body) }),
    headers: { ...(body && { 'content-type': 'application/json' }), ...headers },
  })
  return { status: reply.status, ...JSON.parse(reply.body) }
}

describe('parts of the ring', () => {
  it('are given to whom somebody chooses, and taken back', async () => {
    const a = await start()
    const b = await start({ seeds: a.node.addresses })
    await vi.waitFor(() => expect([a, b].map(({ node }) => node.ring.members.length)).toEqual([2, 2]))
    const key = keyOf(a.node)
    await a.node.set(key, 'value')
    const given = await send(a.url, 'POST', '/v1/placements', {
      key,
      alone: true,
      members: [b.node.id, a.node.id],
    })
    expect(given).toMatchObject({ status: 200, changed: true })
    expect(a.node.route(key).owner).toBe(b.node.id)
    await vi.waitFor(async () => expect(await b.node.get(key)).toBe('value'))
    const { placements } = await send(a.url, 'GET', '/v1/placements')
    expect(placements).toEqual(a.node.placements)
    expect(placements).toHaveLength(2)
    for (const { position } of placements) await send(a.url, 'DELETE', `/v1/placements/${position}`)
    expect(a.node.placements).toEqual([])
    expect(a.node.route(key).owner).toBe(a.node.id)
  })

  it('are named, and go to somebody', async () => {
    const { url, node } = await start()
    const members = [node.id]
    const refused = async (body: object, said: string) => {
      const { status, error } = await send(url, 'POST', '/v1/placements', body)
      expect({ status, ...error }).toMatchObject({ status: 400, message: expect.stringContaining(said) })
    }
    await refused({ members }, 'by a key, or by its position')
    await refused({ key: 'k', position: 7, members }, 'by a key, or by its position')
    await refused({ key: 'k', members: ['nobody'] }, '"nobody" is no active member')
    await refused({ key: 'k', members: [...members, ...members] }, 'named twice')
    await refused({ position: 7, from: 7, members }, 'nothing in it')
    await refused({ position: 2 ** 32, members }, 'position')
    const { status, error } = await send(url, 'DELETE', '/v1/placements/12')
    expect({ status, code: error.code }).toEqual({ status: 400, code: 'ERR_INVALID_ARGUMENT' })
    const stale = { 'if-match': '"1-00000000000000000000000000000000"' }
    const late = await send(url, 'POST', '/v1/placements', { position: 7, members }, stale)
    expect(late).toMatchObject({ error: { code: 'ERR_VERSION_CONFLICT' } })
    expect(node.placements).toEqual([])
  })
})
