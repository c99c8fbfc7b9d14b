import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { agreed, each, get, json, put } from './api.ts'
import { Processes, START_MAX_MS, type StartedNode } from './processes.ts'

const KEYS = Array.from({ length: 1_000 }, (_, index) => `user/${index}?ä=${index}`)
const textOf = (key: string) => JSON.stringify({ key, text: key.repeat(1 + (key.length % 7)) })

interface Route {
  readonly owner: string
}

const routeOf = (node: StartedNode, key: string) =>
  json<Route>(node, `/v1/route/default/${encodeURIComponent(key)}`)

describe('three processes', () => {
  const processes = new Processes()
  let nodes: StartedNode[] = []
  let agreementMs = Number.NaN
  afterAll(() => processes.end())

  beforeAll(async () => {
    nodes = await processes.mesh(3, ['--memory', '256mb'])
    const readyAt = performance.now()
    await agreed(nodes)
    agreementMs = performance.now() - readyAt
  }, START_MAX_MS)

  it('hold one configuration, with all of them active', async ({ annotate }) => {
    await annotate(`agreed ${agreementMs.toFixed(0)} ms after the last was ready`)
    const { members } = await json<{ members: { id: string; state: string }[] }>(nodes[0]!, '/v1/members')
    expect(members.map(({ id, state }) => `${id} ${state}`)).toEqual(
      nodes.map(({ nodeId }) => `${nodeId} active`).sort(),
    )
  })

  it('answer 1,000 keys that were set through one, each through each of the others', async () => {
    const [first, ...others] = nodes as [StartedNode, StartedNode, StartedNode]
    await each(KEYS, async key => {
      const response = await put(first, key, textOf(key))
      if (response.status !== 204) throw new Error(`${key}: ${await response.text()}`)
    })
    for (const node of others) {
      const served = { local: 0, forwarded: 0, copy: 0 }
      await each(KEYS, async key => {
        const response = await get(node, key)
        const how = response.headers.get('cachemesh-served') as keyof typeof served
        served[how]++
        const text = await response.text()
        if (text !== textOf(key)) throw new Error(`${key}: ${response.status} ${text}`)
      })
      // A third each, give or take: nobody answers everything, nobody nothing.
      expect(served.local).toBeGreaterThan(200)
      expect(served.forwarded).toBeGreaterThan(500)
      expect(served.local + served.forwarded + served.copy).toBe(KEYS.length)
    }
  })

  it('carry a value of 32 MiB to its owner and from there to a third', async () => {
    const [writer, owner, reader] = nodes as [StartedNode, StartedNode, StartedNode]
    const value = randomBytes(32 * 1024 * 1024)
    let key = 'large'
    while ((await routeOf(writer, key)).owner !== owner.nodeId) key += '+'
    expect((await put(writer, key, value)).status).toBe(204)
    const response = await get(reader, key)
    expect(Buffer.from(await response.arrayBuffer()).equals(value)).toBe(true)
    expect(response.headers.get('cachemesh-owner')).toBe(owner.nodeId)
  })

  it('refuse a value over the limit with a typed error, and keep the one before', async () => {
    const node = nodes[1]!
    await put(node, 'bounded', 'before')
    const response = await put(node, 'bounded', Buffer.alloc(64 * 1024 * 1024 + 1))
    expect(response.status).toBe(413)
    expect(await response.json()).toMatchObject({ error: { code: 'ERR_VALUE_TOO_LARGE' } })
    expect(await (await get(nodes[2]!, 'bounded')).text()).toBe('before')
  })
})

describe('two of three processes, after the seed was killed', () => {
  const processes = new Processes()
  let seed: StartedNode
  let others: StartedNode[] = []
  const ownerOf = new Map<string, string>()
  afterAll(() => processes.end())

  beforeAll(async () => {
    const nodes = await processes.mesh(3)
    await agreed(nodes)
    seed = nodes[0]!
    others = nodes.slice(1)
    await each(KEYS, async key => {
      await put(seed, key, textOf(key))
      ownerOf.set(key, (await routeOf(seed, key)).owner)
    })
  }, START_MAX_MS)

  it('answer every key within 500 ms: a miss for those of the dead owner, never an error', async ({
    annotate,
  }) => {
    let slowestMs = 0
    seed.process.kill('SIGKILL')
    for (const node of others) {
      await each(KEYS, async key => {
        const askedAt = performance.now()
        const response = await get(node, key)
        const text = await response.text()
        slowestMs = Math.max(slowestMs, performance.now() - askedAt)
        const expected = ownerOf.get(key) === seed.nodeId ? 404 : 200
        if (response.status !== expected) throw new Error(`${key}: ${response.status} ${text}`)
        if (expected === 200 && text !== textOf(key)) throw new Error(`${key}: ${text}`)
      })
    }
    await annotate(`slowest answer ${slowestMs.toFixed(0)} ms`)
    expect(slowestMs).toBeLessThan(500)
  })

  it('take the keys of the dead owner over, with one value for all', async () => {
    const [one, other] = others as [StartedNode, StartedNode]
    const dead = KEYS.filter(key => ownerOf.get(key) === seed.nodeId)
    expect(dead.length).toBeGreaterThan(200)
    await each(dead, async key => {
      const written = await put(one, key, `again ${key}`)
      if (written.status !== 204) throw new Error(`${key}: ${written.status} ${await written.text()}`)
      const text = await (await get(other, key)).text()
      if (text !== `again ${key}`) throw new Error(`${key}: ${text}`)
    })
  })
})
