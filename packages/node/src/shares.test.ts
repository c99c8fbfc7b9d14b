import { describe, expect, it, vi } from 'vitest'
import type { CacheMeshNode } from './node.ts'
import { startMesh } from './testing/mesh.ts'

describe('an arc that two nodes share', () => {
  it('is read at the second as well, and never as it was before a write', async () => {
    const nodes = (await startMesh(4)) as [CacheMeshNode, CacheMeshNode, ...CacheMeshNode[]]
    const [first, second] = nodes
    const others = nodes.slice(2)
    const keys = Array.from({ length: 2_000 }, (_, i) => `key ${i}`)
    const key = keys.find(name => first.route(name).owner === first.id) as string
    await first.set(key, 0)
    await first.place({ key, alone: true }, [first.id, second.id])
    await vi.waitFor(() => {
      for (const node of nodes) expect(node.placements.map(({ members }) => members.length)).toContain(2)
    })
    // One of the two others asks the second, which has a copy as soon as one of its reads was counted.
    await vi.waitFor(async () => {
      for (let i = 0; i < 50; i++) for (const node of others) expect(await node.get(key)).toBe(0)
      expect((await second.namespace('default').getEntry(key))?.served).toBe('copy')
    })
    for (let value = 1; value < 20; value++) {
      await (nodes[value % nodes.length] as CacheMeshNode).set(key, value)
      for (const node of nodes) expect(await node.get(key)).toBe(value)
    }
    await second.close()
    for (const node of others) await vi.waitFor(async () => expect(await node.get(key)).toBe(19))
  })
})
