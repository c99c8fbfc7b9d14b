import { describe, expect, it } from 'vitest'
import { keysOf, startMesh, startNode } from '../testing/mesh.ts'

async function three() {
  const [a, b, c] = await startMesh(3)
  if (!a || !b || !c) throw new Error('no mesh')
  return [a, b, c] as const
}

describe('a write that hangs on what is there', () => {
  it('ends alike whoever owns the key', async () => {
    const [a, b] = await three()
    for (const owner of [a, b]) {
      const ns = a.namespace<number>('n')
      const [key = ''] = keysOf(owner, 1)
      expect(await ns.replace(key, 1)).toEqual({ stored: false, reason: 'not-found', version: undefined })
      const added = await ns.add(key, 2)
      expect(await ns.add(key, 3)).toEqual({ ...added, stored: false, reason: 'exists' })
      expect((await ns.replace(key, 4)).stored).toBe(true)
      expect(await ns.getVersioned(key)).toMatchObject({ value: 4, ttlMs: 0 })
      expect(await ns.getAndTouch(key, { ttl: '1m' })).toBe(4)
      expect((await ns.getVersioned(key))?.ttlMs).toBeGreaterThan(50_000)
      expect((await ns.touch(key, { ttl: '1h' })).stored).toBe(true)
      expect((await ns.getVersioned(key))?.ttlMs).toBeGreaterThan(3_000_000)
      expect(await ns.getAndTouch('none')).toBeUndefined()
    }
  })

  it('lets one of two callers win who saw the same version', async () => {
    const nodes = await three()
    const [key = ''] = keysOf(nodes[2], 1)
    const carts = nodes.map(node => node.namespace<string[]>('carts'))
    await carts[0]?.set(key, [])
    // Everybody adds a thing of its own, and tries until it is in.
    const add = async (number: number): Promise<void> => {
      const cart = carts[number % 3]
      for (;;) {
        const found = await cart?.getVersioned(key)
        if (!cart || !found) throw new Error('the cart is gone')
        const result = await cart.compareAndSet(key, [...found.value, `thing ${number}`], found.version)
        if (result.stored) return
        expect(result.reason).toBe('conflict')
      }
    }
    await Promise.all(Array.from({ length: 12 }, (_, number) => add(number)))
    expect((await carts[1]?.get(key))?.length).toBe(12)
    const version = (await carts[1]?.getVersioned(key))?.version ?? 0
    expect(await carts[1]?.compareAndDelete(key, version - 1)).toMatchObject({ reason: 'conflict', version })
    expect(await carts[1]?.compareAndDelete(key, version)).toMatchObject({ stored: true })
    expect(await carts[0]?.get(key)).toBeUndefined()
  })

  it('counts without losing one', async () => {
    const nodes = await three()
    const [key = ''] = keysOf(nodes[1], 1)
    const counts = await Promise.all(
      Array.from({ length: 60 }, (_, number) =>
        nodes[number % 3]?.namespace('hits').increment(key, 1, { initial: 1 }),
      ),
    )
    const seen = counts.map(count => (count?.stored ? Number(count.count) : 0)).sort((x, y) => x - y)
    expect(seen).toEqual(Array.from({ length: 60 }, (_, i) => i + 1))
    const hits = nodes[0].namespace('hits')
    expect(await hits.get(key)).toBe(60)
    expect(await hits.decrement(key, 100n)).toMatchObject({ count: 0n })
    expect(await hits.increment('none')).toEqual({ stored: false, reason: 'not-found', version: undefined })
    await hits.set('text', 'x')
    await expect(hits.increment('text')).rejects.toMatchObject({ code: 'ERR_WRONG_TYPE' })
    await expect(hits.increment(key, -1)).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
    await expect(hits.increment(key, 1.5)).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
  })

  it('grows texts and bytes, up to the largest value', async () => {
    const [a, b] = await three()
    const [key = ''] = keysOf(b, 1)
    const log = a.namespace<string>('log')
    expect((await log.append(key, 'x')).stored).toBe(false)
    await log.set(key, 'b')
    await log.append(key, 'c')
    await log.prepend(key, 'a')
    expect(await log.get(key)).toBe('abc')
    await a.namespace('bytes').set(key, Uint8Array.of(1))
    await a.namespace('bytes').append(key, Uint8Array.of(2))
    expect(await b.namespace('bytes').get(key)).toEqual(Uint8Array.of(1, 2))
    await a.mesh.update({ settings: { valueBytesMax: 20 } })
    await log.set(key, 'x'.repeat(10))
    await expect(log.append(key, 'y'.repeat(15))).rejects.toMatchObject({ code: 'ERR_VALUE_TOO_LARGE' })
    expect(await log.get(key)).toBe('x'.repeat(10))
  })

  it('puts entries of a media type where there is nothing, something, or a certain version', async () => {
    const node = await startNode()
    const ns = node.namespace('files')
    const put = (byte: number, onlyIf: 'absent' | 'present' | { version: number }) =>
      ns.putEntry('k', Uint8Array.of(byte), { contentType: 'image/png', onlyIf })
    expect(await put(1, 'present')).toMatchObject({ reason: 'not-found' })
    const first = await put(2, 'absent')
    expect(await put(3, 'absent')).toMatchObject({ reason: 'exists' })
    expect(await put(4, { version: (first.version ?? 0) - 1 })).toMatchObject({ reason: 'conflict' })
    expect((await put(5, { version: first.version ?? 0 })).stored).toBe(true)
    expect(await ns.getEntry('k')).toMatchObject({ value: Uint8Array.of(5), contentType: 'image/png' })
    await expect(put(1, { version: 0 })).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
    await expect(ns.setEntry('k', new Uint8Array(1), { contentType: '' })).rejects.toThrow(/content type/)
  })
})

describe('a batch', () => {
  it('is the same as its keys one by one, and in their order', async () => {
    const [a, b] = await three()
    const ns = a.namespace<number>('many')
    const keys = Array.from({ length: 150 }, (_, i) => `key ${i}`)
    const stored = await ns.setMany(keys.map((key, i) => [key, i]))
    expect([...stored.keys()]).toEqual(keys)
    for (const end of stored.values()) expect(end.value?.stored).toBe(true)
    const found = await b.namespace('many').getMany([...keys, 'none'])
    expect([...found].map(([, { value }]) => value)).toEqual([...keys.map((_, i) => i), undefined])
    const deleted = await ns.deleteMany(['key 7', 'none'])
    expect([...deleted.values()]).toEqual([{ value: true }, { value: false }])
    expect(await b.namespace('many').get('key 7')).toBeUndefined()
    expect(await ns.getMany([])).toEqual(new Map())
  })

  it('says of each key what went wrong with it, and the others hold', async () => {
    const [a] = await three()
    await a.mesh.update({ namespaces: { many: { valueBytesMax: 10 } } })
    const ns = a.namespace('many')
    const ends = await ns.setMany([
      ['good', 1],
      ['large', 'x'.repeat(20)],
      ['', 2],
      ['odd', () => {}],
    ])
    expect([...ends].map(([key, { value, error }]) => [key, value?.stored ?? error?.code])).toEqual([
      ['good', true],
      ['large', 'ERR_VALUE_TOO_LARGE'],
      ['', 'ERR_INVALID_KEY'],
      ['odd', 'ERR_INVALID_VALUE'],
    ])
    expect(await ns.get('good')).toBe(1)
  })

  it('ends by its deadline with an error for each key that has no answer', async () => {
    const node = await startNode()
    await node.close()
    const ends = await node.namespace('many').getMany(['a', 'b'])
    for (const { error } of ends.values()) expect(error?.code).toBe('ERR_CLOSED')
    expect(ends.size).toBe(2)
  })
})

describe('what is removed in bulk', () => {
  it('is gone on every node, and what is stored afterwards stays', async () => {
    const [a, b, c] = await three()
    const keys = Array.from({ length: 40 }, (_, i) => `key ${i}`)
    const users = a.namespace('users')
    await users.setMany(keys.map(key => [key, 1]))
    await a.set('kept', 1)
    expect(await users.clear()).toEqual({ peers: 2, confirmed: 2 })
    for (const node of [a, b, c]) {
      const found = await node.namespace('users').getMany(keys)
      expect([...found.values()].filter(({ value }) => value !== undefined)).toEqual([])
      expect(await node.get('kept')).toBe(1)
    }
    await b.namespace('users').set('key 1', 2)
    expect(await c.namespace('users').get('key 1')).toBe(2)
  })

  it('is what has the tag', async () => {
    const [a, b, c] = await three()
    const pages = a.namespace<string>('pages')
    await pages.set('home', 'h', { tags: ['menu', 'news'] })
    await pages.setMany(
      [
        ['about', 'a'],
        ['jobs', 'j'],
      ],
      { tags: ['menu'] },
    )
    await pages.set('plain', 'p')
    await b.namespace('pages').deleteByTag('news')
    expect(await c.namespace('pages').get('home')).toBeUndefined()
    expect(await c.namespace('pages').get('about')).toBe('a')
    await c.namespace('pages').deleteByTag(['menu', 'other'])
    const left = await pages.getMany(['home', 'about', 'jobs', 'plain'])
    expect([...left.values()].map(({ value }) => value)).toEqual([undefined, undefined, undefined, 'p'])
    await pages.set('home', 'new', { tags: ['news'] })
    expect(await b.namespace('pages').get('home')).toBe('new')
    await expect(pages.set('x', 'y', { tags: [''] })).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
    await expect(pages.deleteByTag('x'.repeat(300))).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
  })
})
