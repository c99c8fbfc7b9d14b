import { describe, expect, it } from 'vitest'
import type { CacheMeshNode } from './node.ts'
import { keysOf, startMesh, startNode } from './testing/mesh.ts'

describe('a namespace', () => {
  it('keeps its keys apart from those of others', async () => {
    const node = await startNode()
    const users = node.namespace<string>('users')
    await node.set('42', 'default')
    await users.set('42', 'users')
    expect(await node.get('42')).toBe('default')
    expect(await users.get('42')).toBe('users')
    expect(await users.delete('42')).toBe(true)
    expect(await node.get('42')).toBe('default')
  })

  it('reads through: one load for all callers that wait, each with a value of its own', async () => {
    const [a, b] = await startMesh(2)
    if (!a || !b) throw new Error('no mesh')
    const gate = Promise.withResolvers<void>()
    let loads = 0
    const users = a.namespace<{ id: string; seen: number[] }>('users', {
      ttl: '5m',
      load: async id => {
        loads++
        await gate.promise
        return { id, seen: [] }
      },
    })
    const reads = Array.from({ length: 50 }, () => users.get('42'))
    gate.resolve()
    const values = await Promise.all(reads)
    expect(loads).toBe(1)
    values[0]?.seen.push(1)
    expect(values[1]).toEqual({ id: '42', seen: [] })
    expect(await b.namespace('users').get('42')).toEqual({ id: '42', seen: [] })
    expect((await b.namespace('users').getEntry('42'))?.ttlMs).toBeGreaterThan(265_000)
  })

  it('gives undefined when the loader has nothing, and asks it again next time', async () => {
    const node = await startNode()
    let loads = 0
    const empty = node.namespace('empty', { load: () => void loads++ })
    expect(await empty.get('k')).toBeUndefined()
    expect(await empty.get('k')).toBeUndefined()
    expect(loads).toBe(2)
  })

  it('reports what the loader threw, with its cause', async () => {
    const node = await startNode()
    const cause = new Error('database is down')
    const broken = node.namespace('broken', { load: () => Promise.reject(cause) })
    await expect(broken.get('k')).rejects.toMatchObject({ code: 'ERR_LOADER', cause })
  })

  it('ends a read by its deadline when the loader does not end', async () => {
    const node = await startNode({ timeout: 50 })
    const stuck = node.namespace('stuck', { load: () => new Promise<never>(() => {}) })
    const reads = await Promise.allSettled([stuck.get('k'), stuck.get('k')])
    for (const read of reads) expect(read).toMatchObject({ reason: { code: 'ERR_TIMEOUT' } })
  })

  it('fails a read whose loader runs when the node closes', async () => {
    const node = await startNode()
    const loading = Promise.withResolvers<void>()
    const stuck = node.namespace('stuck', {
      load: () => {
        loading.resolve()
        return new Promise<never>(() => {})
      },
    })
    const read = expect(stuck.get('k')).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    await loading.promise
    await node.close()
    await read
  })

  it.each([
    ['set', (node: CacheMeshNode) => node.set('k', 1, null as never)],
    ['namespace', async (node: CacheMeshNode) => node.namespace('x', null as never)],
    [
      'setEntry',
      (node: CacheMeshNode) =>
        node.namespace('x').setEntry('k', new Uint8Array(1), { contentType: 5 as never }),
    ],
  ])('refuses what are no options with a typed error: %s', async (_, call) => {
    await expect(call(await startNode())).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
  })

  it('stores bytes only as an entry', async () => {
    const node = await startNode()
    const call = node.namespace('x').setEntry('k', 'text' as never)
    await expect(call).rejects.toMatchObject({ code: 'ERR_INVALID_VALUE' })
  })

  it('lets entries expire', async () => {
    const node = await startNode()
    await node.set('short', 1, { ttl: 1 })
    await expect.poll(() => node.get('short')).toBeUndefined()
    await node.set('long', 1, { ttl: '10m' })
    expect(await node.get('long')).toBe(1)
  })

  it.each([
    ['an empty key', '', 1, {}, 'ERR_INVALID_KEY'],
    ['a key that is no text', 7, 1, {}, 'ERR_INVALID_KEY'],
    ['a key that is too long', 'x'.repeat(5_000), 1, {}, 'ERR_INVALID_KEY'],
    ['half a surrogate pair', '\ud800', 1, {}, 'ERR_INVALID_KEY'],
    ['undefined as a value', 'k', undefined, {}, 'ERR_INVALID_VALUE'],
    ['a function as a value', 'k', () => 1, {}, 'ERR_INVALID_VALUE'],
    ['a TTL that is no number', 'k', 1, { ttl: Number.NaN }, 'ERR_INVALID_TTL'],
    ['a negative TTL', 'k', 1, { ttl: -1 }, 'ERR_INVALID_TTL'],
    ['a TTL of zero', 'k', 1, { ttl: 0 }, 'ERR_INVALID_TTL'],
    ['a TTL in words', 'k', 1, { ttl: 'soon' }, 'ERR_INVALID_TTL'],
  ])('refuses %s and changes nothing', async (_, key, value, options, code) => {
    const node = await startNode()
    await node.set('k', 'before')
    await expect(node.set(key as string, value, options)).rejects.toMatchObject({ code })
    expect(await node.get('k')).toBe('before')
    expect(node.stats.owned.entries).toBe(1)
  })

  it('refuses names that are none', async () => {
    const node = await startNode()
    for (const name of ['', 'with space', 'a/b', 'x'.repeat(65)]) {
      expect(() => node.namespace(name)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_NAMESPACE' }))
    }
  })

  it('loads from the data store when nobody responsible can be reached, and keeps nothing', async () => {
    const [a, b] = await startMesh(2)
    if (!a || !b) throw new Error('no mesh')
    const [key] = keysOf(b, 1)
    const direct = a.namespace('default', { load: async () => 'from the store' })
    await b.close()
    expect(await direct.get(key as string)).toBe('from the store')
  })
})
