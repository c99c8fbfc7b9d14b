import { describe, expect, it, vi } from 'vitest'
import type { CacheMeshNode } from '../node.ts'
import { startBusyNode } from '../testing/busy-node.ts'
import { activeMembers, startNode } from '../testing/mesh.ts'

const SOON = { timeout: 20_000, interval: 10 }
/** Turns of its loop that are so long, one after the other, are too much for a node, ms. */
const TURN_MS = 350

function keysOf(node: CacheMeshNode, owner: string): string[] {
  return Array.from({ length: 200 }, (_, i) => `key ${i}`).filter(key => node.route(key).owner === owner)
}

async function meshWithBusyNode() {
  const a = await startNode()
  const b = await startNode({ seeds: a.addresses })
  const busy = await startBusyNode(a.addresses)
  await vi.waitFor(() => {
    expect([a.stats.links, b.stats.links, activeMembers(a), activeMembers(b)]).toEqual([2, 2, 3, 3])
  }, SOON)
  return { a, b, busy }
}

describe('a node whose loop is always behind', { timeout: 60_000 }, () => {
  it('refuses requests of others at once, and takes them again when it is not any more', async () => {
    const { a, busy } = await meshWithBusyNode()
    const [key] = keysOf(a, busy.id) as [string]
    await a.set(key, 'before')
    busy.burden(TURN_MS)
    await vi.waitFor(async () => {
      const refused = await a.set(key, 'meanwhile').then(
        () => 'taken',
        (error: { code: string }) => error.code,
      )
      expect(refused).toBe('ERR_OVERLOADED')
    }, SOON)
    busy.free()
    await vi.waitFor(() => a.set(key, 'after'), SOON)
    expect(await a.get(key)).toBe('after')
    expect(activeMembers(a)).toBe(3)
  })

  it('is stood in for by the replicas of what it owns', async () => {
    const { a, b, busy } = await meshWithBusyNode()
    await a.mesh.update({ settings: { replicas: 1, ackReplicas: 1 } })
    await vi.waitFor(() => {
      expect(b.configuration.version.digest).toBe(a.configuration.version.digest)
      expect([a, b].map(node => node.stats.replication.fullyReplicated)).toEqual([true, true])
    }, SOON)
    const keys = keysOf(a, busy.id).slice(0, 20)
    for (const key of keys) await a.set(key, `value of ${key}`)
    busy.burden(TURN_MS)
    await vi.waitFor(async () => {
      const codes = await Promise.all(keys.map(key => b.set(`other ${key}`, 1).catch(error => error.code)))
      expect(codes).toContain('ERR_OVERLOADED')
    }, SOON)
    for (const key of keys) expect(await a.get(key)).toBe(`value of ${key}`)
  })
})
