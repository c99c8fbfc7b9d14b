import { describe, expect, it, vi } from 'vitest'
import type { CacheMeshNode } from '../node.ts'
import { keysOf, startMesh, startNode } from '../testing/mesh.ts'
import { References } from './references.ts'

interface User {
  readonly name: string
  readonly seen: number[]
}

describe('a namespace by reference', () => {
  it('hands out what was set, and what it has decoded once', async () => {
    const node = await startNode()
    const users = node.namespace<User>('users', { reference: true })
    const ann = { name: 'Ann', seen: [1] }
    await users.set('ann', ann)
    expect(users.peek('ann')).toBe(ann)
    expect(await users.get('ann')).toBe(ann)
    // Elsewhere it is what it was when it was set.
    ann.seen.push(2)
    expect(await node.namespace<User>('users', {}).get('ann')).toEqual({ name: 'Ann', seen: [1] })
    await node.namespace<User>('users', {}).set('bob', { name: 'Bob', seen: [] })
    const bob = users.peek('bob')
    expect(bob).toEqual({ name: 'Bob', seen: [] })
    expect([users.peek('bob') === bob, (await users.get('bob')) === bob]).toEqual([true, true])
  })

  it('shows what others have written, and nothing that is gone', async () => {
    const [a, b] = (await startMesh(2)) as [CacheMeshNode, CacheMeshNode]
    const here = a.namespace<User>('default', { reference: true })
    const [key, short] = keysOf(a, 2) as [string, string]
    await here.set(key, { name: 'old', seen: [] })
    await b.set(key, { name: 'new', seen: [] })
    expect(here.peek(key)).toEqual({ name: 'new', seen: [] })
    await b.delete(key)
    expect([here.peek(key), await here.get(key)]).toEqual([undefined, undefined])
    await here.set(short, { name: 'short', seen: [] }, { ttl: 30 })
    await vi.waitFor(() => expect(here.peek(short)).toBeUndefined())
  })

  it('asks for what others own, and loads what nobody has', async () => {
    const [a, b] = (await startMesh(2)) as [CacheMeshNode, CacheMeshNode]
    const [far] = keysOf(b, 1) as [string]
    const far0 = { name: 'far', seen: [] }
    const here = a.namespace<User>('default', { reference: true, load: key => ({ name: key, seen: [] }) })
    await here.set(far, far0)
    expect(here.peek(far)).toBeUndefined()
    expect(await here.get(far)).toEqual(far0)
    const [own] = keysOf(a, 1, 'loaded') as [string]
    expect(await here.get(own)).toEqual({ name: own, seen: [] })
  })

  it('is said by true or false', async () => {
    const node = await startNode()
    const make = () => node.namespace('n', { reference: 1 as never })
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }))
  })

  it('takes its references out of the memory of the node', async () => {
    const node = await startNode({ memory: '4mb' })
    const before = node.stats.owned.bytesMax
    const items = node.namespace<Uint8Array>('items', { reference: true })
    for (let i = 0; i < 3_000; i++) await items.set(`key ${i}`, new Uint8Array(1_000))
    expect(node.stats.owned.bytesMax).toBeLessThan(0.8 * before)
    // Those that made room are decoded again.
    const first = items.peek('key 2000')
    expect(first?.length).toBe(1_000)
  })
})

describe('references', () => {
  it('are of one version each, and within their bytes', () => {
    const references = new References(10_000)
    references.keep('a', { version: 1, value: 'one' }, 10)
    expect(references.get('a', 1)?.value).toBe('one')
    expect(references.get('a', 2)).toBeUndefined()
    for (let i = 0; i < 100; i++) references.keep(`key ${i}`, { version: 1, value: i }, 100)
    expect(references.get('a', 1)).toBeUndefined()
    expect(references.get('key 99', 1)?.value).toBe(99)
  })
})
