// How fast is a get of a key of the own node? An embedded node alone, and the same parts of a node in rings of
// 5 and of 100 members, beside a bare lru-cache, called as it is and in an async function, and beside the first level of bentocache.
// All keys are owned by the node by placement, found by search; every get is a hit.

import { BentoCache, bentostore } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import { createNode } from 'cachemesh'
import { LRUCache } from 'lru-cache'
import { awaitedLoop, synchronousLoop } from './local-loops.ts'
import { describeLocal, type Measured } from './local-report.ts'
import type { BenchOptions } from './options.ts'
import { randomKeys, shuffledOrder, valueAt } from './random.ts'
import { progress, type Report } from './report.ts'
import { ringNode } from './ring-node.ts'
import { type Contender, interleaved } from './rounds.ts'

interface Plan {
  readonly keyCounts: readonly number[]
  readonly gets: number
  readonly rounds: number
}

const FULL: Plan = { keyCounts: [10_000, 100_000], gets: 400_000, rounds: 7 }
const QUICK: Plan = { keyCounts: [10_000], gets: 20_000, rounds: 2 }
const RINGS = [1, 5, 100]
const SEED = 20_261_121
const CACHE_BYTES = 256 * 2 ** 20
const VALUE_BYTES = 100

/** The number that is read from each value and added up: its first byte, or this field. */
interface Structured {
  readonly check: number
  readonly name: string
  readonly tags: readonly string[]
}

interface Cache {
  get(key: string): Promise<unknown>
  /** Without waiting. */
  peek?(key: string): unknown
  set(key: string, value: unknown): Promise<unknown>
}

export async function local(options: BenchOptions): Promise<Report> {
  const { keyCounts, gets, rounds } = options.quick ? QUICK : FULL
  const measured: Measured[] = []
  for (const members of options.ring === undefined ? RINGS : [options.ring]) {
    for (const keyCount of keyCounts) {
      progress(`a ring of ${members}, ${keyCount} keys`)
      await using mesh = await meshOf(members)
      const keys = randomKeys(SEED, keyCount, mesh.owns)
      const samples = await interleaved(await contendersOf(mesh, keys, gets), rounds)
      measured.push({ members, positions: mesh.positions, keyCount, samples })
    }
  }
  progress('')
  return describeLocal({ ...options, rounds, gets, measured })
}

interface Mesh extends AsyncDisposable {
  readonly positions: number
  owns(key: string): boolean
  /** Two caches of their own, so that each is measured with entries of one kind. */
  readonly bytes: Cache
  readonly structured: Cache
}

async function meshOf(members: number): Promise<Mesh> {
  await using opening = new AsyncDisposableStack()
  if (members > 1) {
    const bytes = ringNode(members, CACHE_BYTES)
    const structured = ringNode(members, CACHE_BYTES)
    const { positions, owns } = bytes
    return { positions, owns, bytes: bytes.keys, structured: structured.keys, ...nothingToClose }
  }
  const bytes = opening.use(await createNode({ memory: CACHE_BYTES }))
  const structured = opening.use(await createNode({ memory: CACHE_BYTES }))
  const closing = opening.move()
  return {
    positions: bytes.ring.positions,
    owns: key => bytes.route(key).local && structured.route(key).local,
    bytes,
    structured,
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
}

const nothingToClose = { [Symbol.asyncDispose]: async () => {} }

async function contendersOf(mesh: Mesh, keys: readonly string[], gets: number): Promise<Contender[]> {
  const lru = new LRUCache<string, object>({ max: 2 * keys.length })
  const awaitedLru: Cache = {
    get: async key => lru.get(key),
    peek: key => lru.get(key),
    set: async (key, value) => lru.set(key, value as object),
  }
  const expected = Uint8Array.from(keys, (_, index) => valueAt(index, 4)[0] as number)
  const order = shuffledOrder(SEED, keys.length)
  const contender = async <T>(
    name: string,
    cache: Cache,
    kind: { value(index: number): T; read(value: T): number },
  ): Promise<Contender[]> => {
    for (const [index, key] of keys.entries()) await cache.set(key, kind.value(index))
    const walk = { keys, order, count: gets, read: kind.read, expected }
    const get = (key: string): Promise<T> => cache.get(key) as Promise<T>
    const awaited = { name, measure: () => awaitedLoop({ get, ...walk }) }
    if (cache.peek === undefined) return [awaited]
    const peek = (key: string): T => cache.peek?.(key) as T
    return [awaited, { name: `${name}, peek`, measure: async () => synchronousLoop({ get: peek, ...walk }) }]
  }
  const bytes = {
    value: (index: number) => valueAt(index, VALUE_BYTES),
    read: (value: Uint8Array) => value[0] as number,
  }
  const structured = {
    value: (index: number): Structured => ({
      check: expected[index] as number,
      name: `name of entry ${index}`,
      tags: ['some', 'short', 'tags'],
    }),
    read: (value: Structured) => value.check,
  }
  const contenders = [
    await contender('lru-cache', awaitedLru, bytes),
    await contender('bentocache', bentoCache(2 * keys.length), bytes),
    await contender('mesh, bytes', mesh.bytes, bytes),
    await contender('mesh, structured', mesh.structured, structured),
  ]
  return contenders.flat()
}

/** Its first level alone, which hands out references when it is told not to serialize. */
function bentoCache(maxItems: number): Cache {
  const bento = new BentoCache({
    default: 'memory',
    stores: { memory: bentostore().useL1Layer(memoryDriver({ maxItems, serialize: false })) },
  })
  return {
    get: key => bento.get({ key }),
    set: (key, value) => bento.set({ key, value }),
  }
}
