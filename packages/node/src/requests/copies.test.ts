import { describe, expect, it, vi } from 'vitest'
import type { CacheMeshNode } from '../node.ts'
import { startMesh } from '../testing/mesh.ts'

/** Two nodes, in a mesh that copies a key at its first read, and a key that the second owns. */
async function copyingMesh(leaseMs = 60_000): Promise<{ a: CacheMeshNode; b: CacheMeshNode; key: string }> {
  const [a, b] = (await startMesh(2)) as [CacheMeshNode, CacheMeshNode]
  await a.mesh.update({ settings: { leaseMs, copyAbove: 0 } })
  await vi.waitFor(() =>
    expect(b.mesh.settings()).toContainEqual(expect.objectContaining({ name: 'copyAbove', value: 0 })),
  )
  for (let i = 0; ; i++) if (!a.namespace('n').route(`key ${i}`).local) return { a, b, key: `key ${i}` }
}

/** How an entry is served to a node, once it is `served` so. */
async function servedAs(node: CacheMeshNode, key: string, served: string): Promise<unknown> {
  return vi.waitFor(async () => {
    const entry = await node.namespace('n').getEntry(key)
    expect(entry?.served).toBe(served)
    return new TextDecoder().decode(entry?.value)
  })
}

describe('a copy of a hot key', () => {
  it('answers without its owner, and nobody reads the old value once a write is acknowledged', async () => {
    const { a, b, key } = await copyingMesh()
    const bytes = (text: string) => new TextEncoder().encode(text)
    await b.namespace('n').setEntry(key, bytes('first'))
    expect(await servedAs(a, key, 'copy')).toBe('first')
    for (const [node, text] of [
      [b, 'second'],
      [a, 'third'],
      [b, 'fourth'],
    ] as const) {
      await node.namespace('n').setEntry(key, bytes(text))
      expect(new TextDecoder().decode((await a.namespace('n').getEntry(key))?.value)).toBe(text)
      expect(await servedAs(a, key, 'copy')).toBe(text)
    }
    await b.namespace('n').delete(key)
    expect(await a.namespace('n').get(key)).toBeUndefined()
  })

  it('comes with the answer to a batch too, and answers the next one', async () => {
    const { a, b, key } = await copyingMesh()
    const [here, there] = [a.namespace('n'), b.namespace('n')]
    const keys = [
      key,
      ...Array.from({ length: 40 }, (_, i) => `more ${i}`).filter(it => !here.route(it).local),
    ]
    await there.setMany(keys.map(it => [it, 'first'] as const))
    await vi.waitFor(async () => {
      await here.getMany(keys)
      const address = keys.filter(it => here.peek(it) === 'first')
      expect(address).toEqual(keys)
    })
    await there.setMany(keys.map(it => [it, 'second'] as const))
    expect([...(await here.getMany(keys)).values()]).toEqual(keys.map(() => ({ value: 'second' })))
  })

  it('ends with its lease, though its owner cannot say so any more', async () => {
    const { a, b, key } = await copyingMesh(300)
    await b.namespace('n').set(key, 'there')
    await servedAs(a, key, 'copy')
    await b.close()
    await vi.waitFor(async () => expect((await a.namespace('n').getEntry(key))?.served).not.toBe('copy'))
  })

  it('is read by namespaces with a loader too, and loaded once', async () => {
    const { a, b, key } = await copyingMesh()
    let loads = 0
    const load = () => `load ${++loads}`
    const [here, there] = [a, b].map(node => node.namespace('n', { load }))
    await vi.waitFor(async () => {
      expect(await here?.get(key)).toBe('load 1')
      expect(here?.peek(key)).toBe('load 1')
    })
    await there?.set(key, 'written')
    expect([await here?.get(key), loads]).toEqual(['written', 1])
  })

  it('is granted to who asks often, and to nobody who asks now and then', async () => {
    const [a, b] = (await startMesh(2)) as [CacheMeshNode, CacheMeshNode]
    const keys: string[] = []
    for (let i = 0; keys.length < 2; i++) if (!a.namespace('n').route(`key ${i}`).local) keys.push(`key ${i}`)
    const [hot = '', cold = ''] = keys
    await Promise.all([b.namespace('n').set(hot, 1), b.namespace('n').set(cold, 1)])
    for (let i = 0; i < 20; i++) await a.namespace('n').get(cold)
    await vi.waitFor(async () => {
      for (let i = 0; i < 200; i++) await a.namespace('n').get(hot)
      expect((await a.namespace('n').getEntry(hot))?.served).toBe('copy')
    })
    expect((await a.namespace('n').getEntry(cold))?.served).toBe('forwarded')
  })

  it('is granted again with the first read after a write of its holder', async () => {
    const [a, b] = (await startMesh(2)) as [CacheMeshNode, CacheMeshNode]
    const keys = a.namespace('n')
    let key = 'key'
    while (keys.route(key).local) key += '.'
    await b.namespace('n').set(key, 0)
    const askOften = () => Promise.all(Array.from({ length: 1_000 }, () => keys.get(key)))
    await vi.waitFor(async () => {
      await askOften()
      expect((await keys.getEntry(key))?.served).toBe('copy')
    })
    await askOften()
    const served: (string | undefined)[] = []
    for (const value of [1, 2, 3]) {
      await keys.set(key, value)
      expect(await keys.get(key)).toBe(value)
      served.push((await keys.getEntry(key))?.served)
    }
    expect(served).toEqual(['copy', 'copy', 'copy'])
  })
})
