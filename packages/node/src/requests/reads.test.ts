import { describe, expect, it, vi } from 'vitest'
import type { CacheMeshNode } from '../node.ts'
import { startMesh } from '../testing/mesh.ts'

describe('reads that come together', () => {
  it('are each answered with their own entry, or that there is none', async () => {
    const [a, b] = (await startMesh(2)) as [CacheMeshNode, CacheMeshNode]
    const keys = farKeys(a, 100)
    const wanted = keys.map((_, i) => (i % 3 === 0 ? undefined : `value ${i}`))
    await Promise.all(keys.map((key, i) => (wanted[i] === undefined ? undefined : b.set(key, wanted[i]))))
    expect(await Promise.all(keys.map(key => a.get(key)))).toEqual(wanted)
  })

  it('are answered before a write that came after them, and after one that came before', async () => {
    const [a] = (await startMesh(2)) as [CacheMeshNode, CacheMeshNode]
    const [key] = farKeys(a, 1) as [string]
    await a.set(key, 'old')
    const answers = await Promise.all([a.get(key), a.set(key, 'new'), a.get(key), a.delete(key), a.get(key)])
    expect(answers).toEqual(['old', undefined, 'new', true, undefined])
  })

  it('find nothing that has expired, and remove it', async () => {
    const [a, b] = (await startMesh(2)) as [CacheMeshNode, CacheMeshNode]
    const [key] = farKeys(a, 1) as [string]
    await a.set(key, 'short', { ttl: 20 })
    await vi.waitFor(async () => expect(await a.get(key)).toBeUndefined())
    expect(b.stats.owned).toMatchObject({ entries: 0, expirations: 1 })
  })

  it('work in every namespace', async () => {
    const [a, b] = (await startMesh(2)) as [CacheMeshNode, CacheMeshNode]
    const here = a.namespace<string>('other')
    const key = Array.from({ length: 100 }, (_, i) => `key ${i}`).find(
      text => !here.route(text).local,
    ) as string
    await b.namespace<string>('other').set(key, 'there')
    expect(await Promise.all([here.get(key), a.get(key)])).toEqual(['there', undefined])
  })
})

/** Keys that the other of two members owns. */
function farKeys(node: CacheMeshNode, count: number): string[] {
  const keys: string[] = []
  for (let i = 0; keys.length < count; i++) if (!node.route(`far ${i}`).local) keys.push(`far ${i}`)
  return keys
}
