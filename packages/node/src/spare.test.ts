import { describe, expect, it, vi } from 'vitest'
import { createMembership } from './create-membership.ts'
import type { CacheMeshNode } from './node.ts'
import { activeMembers, converged, startMesh, startNode } from './testing/mesh.ts'

const KEYS = Array.from({ length: 30 }, (_, i) => `key-${i}`)
const SOON = { timeout: 15_000, interval: 20 }

describe('a node of weight 0', { timeout: 60_000 }, () => {
  it('stands in when owner and replicas are gone, also when nobody is left who owns anything, and gives back', async () => {
    const owner = await startNode()
    const spare = await startNode({ seeds: owner.addresses, weight: 0 })
    const other = await startNode({ seeds: [...owner.addresses, ...spare.addresses], weight: 0 })
    await converged([owner, spare, other])
    for (const key of KEYS) await other.set(key, 'before')
    expect([spare, other].map(node => node.stats.owned.entries)).toEqual([0, 0])
    expect(other.route('key-0')).toEqual({ owner: owner.id, replicas: [], local: false })
    // It ends without a word.
    await owner.close()
    for (const key of KEYS) await other.set(key, `value of ${key}`)
    for (const key of KEYS) expect(await spare.get(key)).toBe(`value of ${key}`)
    await vi.waitFor(() => expect([spare, other].map(activeMembers)).toEqual([2, 2]), SOON)
    expect(other.route('key-0').owner).toBeUndefined()
    for (const key of KEYS) expect(await spare.get(key)).toBe(`value of ${key}`)
    const next = await startNode({ seeds: spare.addresses })
    await converged([spare, other, next])
    for (const key of KEYS) expect(await next.get(key)).toBe(`value of ${key}`)
    await vi.waitFor(() => {
      expect([spare, other].map(node => node.stats.owned.entries)).toEqual([0, 0])
      expect(next.stats.owned.entries).toBe(KEYS.length)
    }, SOON)
  })

  it('is asked before the data store', async () => {
    const owner = await startNode()
    const spare = await startNode({ seeds: owner.addresses, weight: 0 })
    const asked: string[] = []
    const load = (key: string) => {
      asked.push(key)
      return `loaded ${key}`
    }
    const app = await startNode({ seeds: [...owner.addresses, ...spare.addresses], weight: 0 })
    await converged([owner, spare, app])
    await owner.close()
    const items = app.namespace<string>('items', { load })
    for (const key of KEYS) expect(await items.get(key)).toBe(`loaded ${key}`)
    for (const key of KEYS) expect(await items.get(key)).toBe(`loaded ${key}`)
    expect(asked).toEqual(KEYS)
  })
})

describe('a member that caches nothing', { timeout: 60_000 }, () => {
  it('stands in for nobody', async () => {
    const [owner, second] = (await startMesh(2)) as [CacheMeshNode, CacheMeshNode]
    const member = await createMembership({ seeds: owner.addresses })
    try {
      await vi.waitFor(() => expect([owner, second].map(activeMembers)).toEqual([3, 3]), SOON)
      const keys = KEYS.filter(key => owner.route(key).local)
      await owner.close()
      for (const key of keys) await second.set(key, 'here')
      expect(second.stats.owned.entries).toBe(keys.length)
    } finally {
      await member.close()
    }
  })
})
