import { describe, expect, it, vi } from 'vitest'
import type { CacheMeshNode } from './node.ts'
import { keysOf, startMesh, startNode } from './testing/mesh.ts'

describe('a peek', () => {
  it('shows at once what the node itself keeps, whatever its kind and size', async () => {
    const node = await startNode()
    const values = [
      'text',
      { a: [1, new Date(5)] },
      0,
      new Uint8Array(0),
      ...[1, 100, 1_024, 5_000, 100_000].map(size => new Uint8Array(size).fill(size)),
    ]
    await Promise.all(values.map((value, i) => node.set(`key ${i}`, value)))
    expect(values.map((_, i) => node.peek(`key ${i}`))).toEqual(values)
    expect(await Promise.all(values.map((_, i) => node.get(`key ${i}`)))).toEqual(values)
    expect(node.peek('none')).toBeUndefined()
  })

  it('finds bytes behind whatever else stands in the entry', async () => {
    const node = await startNode()
    const plain = node.namespace<Uint8Array>('plain')
    for (const key of ['k', 'key', '🗝 to it', 'x'.repeat(500)]) {
      for (const contentType of ['text/plain', `text/${'x'.repeat(100)}`]) {
        for (const tags of [[], ['one'], ['one', 'two', 'three']]) {
          for (const size of [0, 1, 100, 1_024, 1_025]) {
            const value = Uint8Array.from({ length: size }, (_, i) => i)
            await plain.setEntry(key, value, { contentType, tags })
            expect(plain.peek(key)).toEqual(value)
            expect(await plain.get(key)).toEqual(value)
          }
        }
      }
    }
  })

  it('gives a value of its own: changing it changes nothing in the cache', async () => {
    const node = await startNode()
    await node.set('bytes', Uint8Array.of(1, 2, 3))
    await node.set('object', { list: [1] })
    const bytes = node.peek('bytes') as Uint8Array
    const object = node.peek('object') as { list: number[] }
    bytes.fill(9)
    object.list.push(2)
    expect([node.peek('bytes'), node.peek('object')]).toEqual([Uint8Array.of(1, 2, 3), { list: [1] }])
  })

  it('shows nothing that others own, has expired, was deleted or cleared', async () => {
    const [a, b] = (await startMesh(2)) as [CacheMeshNode, CacheMeshNode]
    const [own, short, gone] = keysOf(a, 3) as [string, string, string]
    const [far] = keysOf(b, 1) as [string]
    await Promise.all([own, gone, far].map(key => a.set(key, key)))
    await a.set(short, 1, { ttl: 30 })
    await a.delete(gone)
    expect([own, gone, far].map(key => a.peek(key))).toEqual([own, undefined, undefined])
    await vi.waitFor(() => expect(a.peek(short)).toBeUndefined())
    await a.close()
    expect(a.peek(own)).toBeUndefined()
  })

  it('of what is no key throws', async () => {
    const node = await startNode()
    for (const key of ['', 'half \ud800']) {
      expect(() => node.peek(key)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_KEY' }))
      await expect(node.get(key)).rejects.toMatchObject({ code: 'ERR_INVALID_KEY' })
    }
  })
})
