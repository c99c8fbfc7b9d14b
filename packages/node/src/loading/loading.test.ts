import { describe, expect, it, vi } from 'vitest'
import type { NamespaceOptions } from '../namespace.ts'
import type { CacheMeshNode } from '../node.ts'
import { keysOf, startMesh, startNode } from '../testing/mesh.ts'

/** On a machine that is busy with other things. */
const PATIENT = { timeout: 15_000, interval: 10 }
const soon = (check: () => unknown): Promise<unknown> => vi.waitFor(check, PATIENT)

/** A data store that counts, and answers when it is told to. */
class Database {
  loads = 0
  readonly began: string[] = []
  #gate = Promise.withResolvers<void>()

  readonly load = async (key: string): Promise<string> => {
    this.loads++
    this.began.push(key)
    await this.#gate.promise
    return `${key} of the database`
  }

  open(): void {
    this.#gate.resolve()
  }
}

function namespaces(nodes: readonly CacheMeshNode[], options: NamespaceOptions<string>) {
  return nodes.map(node => node.namespace<string>('data', options))
}

async function meshOf(count: number): Promise<CacheMeshNode[]> {
  return startMesh(count, { timeout: '20s' })
}

describe('callers of all nodes who miss one key', () => {
  it('have it loaded once, on five nodes with forty callers each', async () => {
    const nodes = await meshOf(5)
    const database = new Database()
    const all = namespaces(nodes, { load: database.load })
    const reads = Array.from({ length: 200 }, (_, i) => all[i % 5]?.get('herd'))
    await soon(() => expect(database.loads).toBeGreaterThan(0))
    const waiting = () => nodes.reduce((sum, node) => sum + node.stats.loads.waiting, 0)
    await soon(() => expect(waiting()).toBe(200))
    database.open()
    expect(new Set(await Promise.all(reads))).toEqual(new Set(['herd of the database']))
    expect(database.loads).toBe(1)
  })

  it('have it loaded once by one who asks when the owner has no loader', async () => {
    const nodes = await meshOf(3)
    const owner = nodes[0] as CacheMeshNode
    const [key] = keysOf(owner, 1) as [string]
    const database = new Database()
    const all = nodes.slice(1).map(node => node.namespace<string>('default', { load: database.load }))
    const reads = Array.from({ length: 100 }, (_, i) => all[i % 2]?.get(key))
    await soon(() => expect(owner.stats.loads.waiting).toBe(99))
    const without = owner.namespace<string>('default').get(key, { onMiss: 'load' })
    database.open()
    expect(new Set(await Promise.all([...reads, without]))).toEqual(new Set([`${key} of the database`]))
    expect(database.loads).toBe(1)
    expect(await owner.get(key)).toBe(`${key} of the database`)
  })

  it('go on with the next of them when the one who loads is gone', async () => {
    const nodes = (await meshOf(3)) as [CacheMeshNode, CacheMeshNode, CacheMeshNode]
    const [owner, first, second] = nodes
    const [key] = keysOf(owner, 1) as [string]
    const stuck = new Database()
    const database = new Database()
    database.open()
    const lost = first.namespace<string>('default', { load: stuck.load }).get(key)
    const closed = expect(lost).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    await soon(() => expect(stuck.loads).toBe(1))
    const read = second.namespace<string>('default', { load: database.load }).get(key)
    await soon(() => expect(owner.stats.loads.waiting).toBe(1))
    await first.close()
    await closed
    expect(await read).toBe(`${key} of the database`)
    expect([stuck.loads, database.loads]).toEqual([1, 1])
  })

  it('load once at the next member when the owner is gone', async () => {
    const nodes = await meshOf(4)
    const owner = nodes[0] as CacheMeshNode
    const [key] = keysOf(owner, 1) as [string]
    const database = new Database()
    const others = nodes.slice(1)
    const all = others.map(node => node.namespace<string>('default', { load: database.load }))
    await owner.close()
    const reads = Array.from({ length: 60 }, (_, i) => all[i % 3]?.get(key))
    const waiting = () => others.reduce((sum, node) => sum + node.stats.loads.waiting, 0)
    await soon(() => expect(waiting()).toBeGreaterThan(50))
    database.open()
    expect(new Set(await Promise.all(reads))).toEqual(new Set([`${key} of the database`]))
    expect(database.loads).toBe(1)
  })
})

describe('a load', () => {
  it('that comes back after the key was written is not kept, and its caller has it all the same', async () => {
    const [a, b] = (await meshOf(2)) as [CacheMeshNode, CacheMeshNode]
    const [key] = keysOf(b, 1) as [string]
    const database = new Database()
    const reading = a.namespace<string>('default', { load: database.load }).get(key)
    await soon(() => expect(database.loads).toBe(1))
    await b.set(key, 'written meanwhile')
    database.open()
    expect(await reading).toBe(`${key} of the database`)
    expect(await a.get(key)).toBe('written meanwhile')
    expect(b.stats.loads.refused).toBe(1)
  })

  it('that takes too long is given up, and the next who waits loads', async () => {
    const [a, b] = (await meshOf(2)) as [CacheMeshNode, CacheMeshNode]
    const [key] = keysOf(a, 1) as [string]
    const aborted = Promise.withResolvers<void>()
    let loads = 0
    const load: NamespaceOptions<string>['load'] = (_, { signal }) => {
      if (++loads === 2) return 'second'
      signal.addEventListener('abort', () => aborted.resolve())
      return new Promise<never>(() => {})
    }
    const there = b.namespace<string>('default', { load, loadTimeout: 100 })
    const reads = [there.get(key), there.get(key)]
    await expect(reads[0]).rejects.toMatchObject({ code: 'ERR_LOADER' })
    expect(await reads[1]).toBe('second')
    await aborted.promise
  })

  it('that fails is told to all who wait, with its code, and tried again a little later', async () => {
    const [a, b] = (await meshOf(2)) as [CacheMeshNode, CacheMeshNode]
    const [key] = keysOf(a, 1) as [string]
    let loads = 0
    const load = async (): Promise<string> => {
      if (++loads === 1) throw new Error('database is down')
      return 'up again'
    }
    const there = b.namespace<string>('default', { load })
    for (const { status } of await Promise.allSettled([there.get(key), there.get(key)]))
      expect(status).toBe('rejected')
    expect(loads).toBe(1)
    await expect.poll(() => there.get(key).catch(error => error.code), PATIENT).toBe('up again')
    expect(loads).toBe(2)
  })

  it('ends for a caller by its own deadline or signal, and goes on for the others', async () => {
    const [a, b] = (await meshOf(2)) as [CacheMeshNode, CacheMeshNode]
    const [key] = keysOf(a, 1) as [string]
    const database = new Database()
    const there = b.namespace<string>('default', { load: database.load })
    const abort = new AbortController()
    const patient = there.get(key)
    const hurried = there.get(key, { timeout: 50 })
    const aborted = there.get(key, { signal: abort.signal })
    await expect(hurried).rejects.toMatchObject({ code: 'ERR_TIMEOUT' })
    abort.abort(new Error('not wanted any more'))
    await expect(aborted).rejects.toThrow('not wanted any more')
    await expect(there.get(key, { signal: abort.signal })).rejects.toThrow('not wanted any more')
    database.open()
    expect(await patient).toBe(`${key} of the database`)
    expect(database.loads).toBe(1)
  })

  it('is not made for a read that does not want one', async () => {
    const node = await startNode()
    const database = new Database()
    const data = node.namespace<string>('data', { load: database.load })
    expect(await data.get('key', { onMiss: 'miss' })).toBeUndefined()
    expect(database.loads).toBe(0)
  })
})

describe('what the data store does not have', () => {
  it('is not asked for again while that is remembered, on any node', async () => {
    const nodes = await meshOf(2)
    let loads = 0
    const all = namespaces(nodes, { load: () => void loads++, negativeTtl: '1m' })
    for (const it of [...all, ...all]) expect(await it.get('nothing')).toBeUndefined()
    expect(loads).toBe(1)
    await all[0]?.set('nothing', 'something')
    expect(await all[1]?.get('nothing')).toBe('something')
  })
})

describe('a value past its time', () => {
  it('is served while it is loaded anew, once for the whole mesh', async () => {
    const nodes = await meshOf(2)
    let loads = 0
    const gate = Promise.withResolvers<void>()
    const load = async (): Promise<string> => {
      if (++loads === 2) await gate.promise
      return `load ${loads}`
    }
    const all = namespaces(nodes, { load, ttl: 30, staleFor: '1m' })
    expect(await all[0]?.get('key')).toBe('load 1')
    await soon(async () => {
      await all[1]?.get('key')
      expect(loads).toBe(2)
    })
    const reads = await Promise.all(Array.from({ length: 20 }, (_, i) => all[i % 2]?.get('key')))
    expect(new Set(reads)).toEqual(new Set(['load 1']))
    gate.resolve()
    await soon(async () => expect(await all[0]?.get('key')).not.toBe('load 1'))
  })

  it('is served when loading it anew fails', async () => {
    const node = await startNode()
    let loads = 0
    const load = (): string => {
      if (++loads > 1) throw new Error('database is down')
      return 'old'
    }
    const data = node.namespace<string>('data', { load, ttl: 20, staleFor: '1m', waitForFresh: '5s' })
    await data.get('key')
    await soon(async () => {
      expect(await data.get('key')).toBe('old')
      expect(loads).toBeGreaterThan(1)
    })
  })

  it('is waited for as long as the caller likes when it may be fresh', async () => {
    const node = await startNode()
    let loads = 0
    const load = (): string => `load ${++loads}`
    const data = node.namespace<string>('data', { load, ttl: 1, staleFor: '1m', waitForFresh: '10s' })
    await data.get('key')
    await expect.poll(() => data.get('key'), PATIENT).not.toBe('load 1')
  })
})

it('what was loaded together ends at different times, none later than it may, none a tenth sooner', async () => {
  const node = await startNode()
  const HOUR_MS = 3_600_000
  const rows = node.namespace<string>('rows', { ttl: '1h', load: async key => key })
  const keys = Array.from({ length: 40 }, (_, i) => String(i))
  await Promise.all(keys.map(key => rows.get(key)))
  const ends = await Promise.all(keys.map(async key => (await rows.getEntry(key))?.ttlMs ?? 0))
  expect(Math.max(...ends)).toBeLessThanOrEqual(HOUR_MS)
  expect(Math.min(...ends)).toBeGreaterThan(0.89 * HOUR_MS)
  expect(Math.max(...ends) - Math.min(...ends)).toBeGreaterThan(0.02 * HOUR_MS)
})
