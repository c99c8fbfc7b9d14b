import { describe, expect, it, vi } from 'vitest'
import type { Namespace } from '../namespace.ts'
import type { CacheMeshNode } from '../node.ts'
import { keysOf, startMesh, startNode } from '../testing/mesh.ts'

/** On a machine that is busy with other things. */
const PATIENT = { timeout: 15_000, interval: 10 }
const soon = (check: () => unknown): Promise<unknown> => vi.waitFor(check, PATIENT)

/** A database in memory, whose every answer can be held back. */
class Database {
  readonly rows = new Map<string, string>()
  loads = 0
  gate: Promise<void> = Promise.resolve()
  failing = false

  readonly load = async (key: string): Promise<string | undefined> => {
    this.loads++
    const value = this.rows.get(key)
    await this.gate
    return value
  }

  readonly store = async (key: string, value: string): Promise<void> => {
    if (this.failing) throw new Error('disk full')
    this.rows.set(key, value)
    await this.gate
  }

  readonly remove = async (key: string): Promise<void> => {
    if (this.failing) throw new Error('disk full')
    this.rows.delete(key)
  }
}

async function meshWith(database: Database): Promise<[Namespace<string>, Namespace<string>, CacheMeshNode]> {
  const [a, b] = (await startMesh(2, { timeout: '20s' })) as [CacheMeshNode, CacheMeshNode]
  const { load, store, remove } = database
  const make = (node: CacheMeshNode) => node.namespace<string>('data', { load, store, remove })
  return [make(a), make(b), a]
}

describe('a write that the data store takes first', () => {
  it('is in both, and read from the cache', async () => {
    const database = new Database()
    const [here, there] = await meshWith(database)
    await here.set('key', 'value')
    expect([database.rows.get('key'), await there.get('key'), database.loads]).toEqual(['value', 'value', 0])
    expect(await there.delete('key')).toBe(true)
    expect([database.rows.has('key'), await here.get('key')]).toEqual([false, undefined])
  })

  it('changes nothing in the cache when the data store refuses it, but that the key is asked for again', async () => {
    const database = new Database()
    const [here, there] = await meshWith(database)
    await here.set('key', 'before')
    database.failing = true
    await expect(there.set('key', 'after')).rejects.toMatchObject({ code: 'ERR_LOADER' })
    expect([await here.get('key'), database.loads]).toEqual(['before', 1])
    await expect(there.delete('key')).rejects.toMatchObject({ code: 'ERR_LOADER' })
    expect([await here.get('key'), database.loads]).toEqual(['before', 2])
  })

  it('leaves nothing in the cache when two overlap: the data store alone knows which came last', async () => {
    const database = new Database()
    const [here, there] = await meshWith(database)
    const gate = Promise.withResolvers<void>()
    database.gate = gate.promise
    const writes = [here.set('key', 'one'), there.set('key', 'two')]
    await soon(() => expect(database.rows.has('key')).toBe(true))
    gate.resolve()
    await Promise.all(writes)
    const last = database.rows.get('key')
    expect([await here.get('key'), await there.get('key')]).toEqual([last, last])
  })

  it('keeps a load that began before it from bringing back what was there', async () => {
    const database = new Database()
    const [here, there] = await meshWith(database)
    database.rows.set('key', 'old')
    const gate = Promise.withResolvers<void>()
    database.gate = gate.promise
    const reading = here.get('key')
    await soon(() => expect(database.loads).toBe(1))
    database.gate = Promise.resolve()
    await there.set('key', 'new')
    gate.resolve()
    await reading
    expect(await here.get('key')).toBe('new')
  })
})

describe('a change feed', () => {
  it('fills in its own order, from whichever node it is told', async () => {
    const database = new Database()
    const [here, there] = await meshWith(database)
    const told = await here.fill([
      { key: 'a', value: 'a2', order: 2 },
      { key: 'b', value: 'b1', order: 1 },
    ])
    expect(told).toEqual({ kept: 2, older: 0 })
    const late = await there.fill([
      { key: 'a', value: 'a1', order: 1 },
      { key: 'b', value: 'b2', order: 2 },
    ])
    expect(late).toEqual({ kept: 1, older: 1 })
    expect([await here.get('a'), await there.get('b'), database.loads]).toEqual(['a2', 'b2', 0])
  })

  it('takes away what was loaded before, and what is being loaded', async () => {
    const database = new Database()
    const [here, there] = await meshWith(database)
    database.rows.set('key', 'old')
    const gate = Promise.withResolvers<void>()
    database.gate = gate.promise
    const reading = here.get('key')
    await soon(() => expect(database.loads).toBe(1))
    database.gate = Promise.resolve()
    database.rows.set('key', 'new')
    await there.invalidate(['key', 'another'])
    gate.resolve()
    await reading
    expect(await there.get('key')).toBe('new')
    database.rows.set('key', 'newer')
    await here.invalidate(['key'])
    expect(await there.get('key')).toBe('newer')
  })

  it('is refused with an order that is none, and changes nothing', async () => {
    const node = await startNode()
    for (const order of [-1, 0.5, Number.NaN, 2 ** 60]) {
      const call = node.namespace<string>('data').fill([{ key: 'key', value: 'value', order }])
      await expect(call).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
    }
    expect(await node.namespace('data').get('key')).toBeUndefined()
  })
})

describe('a miss', () => {
  it('says where the data store is, when the configuration does', async () => {
    const node = await startNode()
    const orders = node.namespace<string>('orders')
    expect(await orders.find('key')).toEqual({ found: false, source: undefined })
    await node.mesh.update({
      stores: { orders: { url: 'postgres://one' }, 'orders/2': { url: 'postgres://two' } },
    })
    const stores = { orders: { url: 'postgres://one' }, 'orders/2': { url: 'postgres://two' } }
    expect(await orders.find('key')).toEqual({ found: false, source: { name: 'orders', stores } })
    await node.mesh.update({ namespaces: { drafts: { source: 'orders' } } })
    const drafts = node.namespace<string>('drafts')
    expect(await drafts.find('key')).toEqual({ found: false, source: { name: 'orders', stores } })
    await drafts.set('key', 'value')
    expect(await drafts.find('key')).toEqual({ found: true, value: 'value' })
    await expect(node.mesh.update({ namespaces: { drafts: { source: 7 } } })).rejects.toMatchObject({
      code: 'ERR_MALFORMED_CONFIGURATION',
    })
  })

  it.each(['load', 'store', 'remove'])('needs functions for a data store: %s', async name => {
    const node = await startNode()
    const make = () => node.namespace('data', { [name]: 'no function' } as never)
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }))
  })

  it('of a key that its owner gave up loading is told as such to who cannot load', async () => {
    const [a, b] = (await startMesh(2)) as [CacheMeshNode, CacheMeshNode]
    const [key] = keysOf(a, 1) as [string]
    expect(await b.namespace('default').get(key, { onMiss: 'load' })).toBeUndefined()
  })
})
