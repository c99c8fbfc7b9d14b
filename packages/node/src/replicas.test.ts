import { describe, expect, it, vi } from 'vitest'
import { activeMembers, converged, startMesh, startNode } from './testing/mesh.ts'

const KEYS = Array.from({ length: 60 }, (_, i) => `key-${i}`)
const SOON = { timeout: 15_000, interval: 20 }

describe('a mesh with a replica of each entry', { timeout: 60_000 }, () => {
  it('loses no acknowledged write with one of its nodes, and keeps two of each again', async () => {
    const nodes = await startMesh(3)
    const [a, b, c] = nodes as [(typeof nodes)[0], (typeof nodes)[0], (typeof nodes)[0]]
    await a.mesh.update({ settings: { replicas: 1, ackReplicas: 1 } })
    await converged(nodes)
    for (const key of KEYS) await a.set(key, `value of ${key}`)
    expect(a.route('key-0').replicas).toHaveLength(1)
    // It ends without a word.
    await c.close()
    for (const key of KEYS) expect(await b.get(key)).toBe(`value of ${key}`)
    await vi.waitFor(() => {
      for (const node of [a, b]) {
        expect(activeMembers(node)).toBe(2)
        expect(node.stats.replication.fullyReplicated).toBe(true)
        expect(node.stats.owned.entries).toBe(KEYS.length)
      }
    }, SOON)
    await a.delete('key-0')
    expect(await b.get('key-0')).toBeUndefined()
  })
})

describe('a node that comes or goes', { timeout: 60_000 }, () => {
  it('takes over what it owns, and hands over what it held', async () => {
    const nodes = await startMesh(2)
    const [a, b] = nodes as [(typeof nodes)[0], (typeof nodes)[0]]
    for (const key of KEYS) await a.set(key, key)
    const c = await startNode({ seeds: a.addresses })
    // From the first moment on, be it cold.
    for (const key of KEYS) expect(await c.get(key)).toBe(key)
    await converged([a, b, c])
    await vi.waitFor(() => {
      expect(c.readiness.entries).toBe('warm')
      const held = [a, b, c].map(node => node.stats.owned.entries)
      expect(held.reduce((sum, entries) => sum + entries)).toBe(KEYS.length)
    }, SOON)
    await a.leave()
    await a.close()
    for (const key of KEYS) expect(await b.get(key)).toBe(key)
  })
})
