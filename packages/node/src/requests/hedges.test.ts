import { describe, expect, it, vi } from 'vitest'
import type { CacheMeshNode } from '../node.ts'
import { startBusyNode } from '../testing/busy-node.ts'
import { activeMembers, startNode } from '../testing/mesh.ts'

const SOON = { timeout: 20_000, interval: 20 }

/** Two nodes, and a third in a thread of its own; every write is acknowledged when its replica has it. */
async function meshWithBusyNode() {
  const a = await startNode()
  const b = await startNode({ seeds: a.addresses })
  const busy = await startBusyNode(a.addresses)
  await vi.waitFor(() => {
    expect([a.stats.links, b.stats.links, activeMembers(a), activeMembers(b)]).toEqual([2, 2, 3, 3])
  }, SOON)
  await a.mesh.update({ settings: { replicas: 1, ackReplicas: 1 } })
  await vi.waitFor(() => {
    expect(b.configuration.version.digest).toBe(a.configuration.version.digest)
    expect([a, b].map(node => node.stats.replication.fullyReplicated)).toEqual([true, true])
  }, SOON)
  return { a, b, busy }
}

/** Keys of this owner, with this replica. */
function keysOf(node: CacheMeshNode, owner: string, replica: string): string[] {
  const keys = Array.from({ length: 500 }, (_, i) => `key ${i}`)
  return keys.filter(key => {
    const route = node.route(key)
    return route.owner === owner && route.replicas[0] === replica
  })
}

describe('reads of keys whose owner is busy', { timeout: 60_000 }, () => {
  it('are answered by the replica, and by a node that is the replica itself', async () => {
    const { a, b, busy } = await meshWithBusyNode()
    const far = keysOf(a, busy.id, b.id).slice(0, 10)
    const near = keysOf(a, busy.id, a.id).slice(0, 10)
    for (const key of [...far, ...near]) await a.set(key, `value of ${key}`)
    await vi.waitFor(async () => {
      // Most of those who watch a node have to have heard it before it answers for another.
      await a.get(near[0] as string)
      expect(a.stats.reads.here).toBeGreaterThan(0)
    }, SOON)
    // Three seconds of silence would be a matter for those who watch it.
    busy.block(1_500)
    const values = await Promise.all([...far, ...near].map(key => a.get(key)))
    expect(values).toEqual([...far, ...near].map(key => `value of ${key}`))
    expect(a.stats.reads.won + a.stats.reads.spread).toBeGreaterThan(0)
    // What has been written is never read as it was before, whoever answers.
    for (const key of [...far, ...near]) {
      await a.set(key, 'new')
      expect([await a.get(key), await b.get(key)]).toEqual(['new', 'new'])
    }
  })
})
