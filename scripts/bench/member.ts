// The process that asks a mesh of several nodes, or Redis: it stores the values, and runs one kind of load. It ends with
// its parent.

import { author, Configuration, memberRecord } from '@cachemesh/protocol'
import { Redis } from 'ioredis'
import { CacheMeshNode } from '../../packages/node/src/node.ts'
import { readOptions } from '../../packages/node/src/options/options.ts'
import { type Started, start } from '../../packages/node/src/start.ts'
import { closedLoop, type Load } from './closed-loop.ts'
import type { Encryption } from './options.ts'
import { shuffledOrder, valueAt, zipfOrder } from './random.ts'
import type { Sample } from './rounds.ts'

/** What is asked for: gets, or nine gets for each set. */
export type LoadKind = 'get' | 'get and set'

export type MemberOptions = { readonly load: LoadKind } & (
  | {
      readonly kind: 'mesh'
      readonly encryption: Encryption
      readonly seeds: readonly string[]
      /** Members of the mesh, this one included. */
      readonly members: number
      readonly memory: string
      /** 0: it owns nothing, so that every key is another node's. */
      readonly weight: 0 | 1
      /** The view of this node is of the time before that member came: what it owns is asked of others, who pass it on. */
      readonly unknown?: string
    }
  | { readonly kind: 'redis'; readonly port: number }
)

export type MemberAsk =
  /** Which of these keys does this member own? Without one: any. */
  | { readonly kind: 'owned'; readonly keys: readonly string[]; readonly by?: string }
  | {
      readonly kind: 'store'
      readonly keys: readonly string[]
      readonly valueBytes: number
      readonly seed: number
      /** Exponent of the popularity of keys; without one all are asked for alike. */
      readonly zipf?: number
    }
  | { readonly kind: 'measure'; readonly from: number; readonly depth: number; readonly durationMs: number }

/** One operation in so many is a set. */
const SETS = 10
const STORING = 64
const ORDER_LENGTH = 2 ** 20

interface Cache {
  get(key: string): Promise<Uint8Array | null | undefined>
  set(key: string, value: Uint8Array): Promise<unknown>
  owns(key: string, by: string): boolean
}

const options = JSON.parse(process.argv[2] as string) as MemberOptions
const cache = options.kind === 'redis' ? redis(options.port) : await mesh(options)
let load: Pick<Load, 'keys' | 'order' | 'firstBytes'> = {
  keys: [],
  order: new Uint32Array(),
  firstBytes: new Uint8Array(),
}
let values: readonly Uint8Array[] = []

function redis(port: number): Cache {
  const client = new Redis({ port, host: '127.0.0.1', enableAutoPipelining: true })
  return {
    get: key => client.getBuffer(key),
    set: (key, value) => client.set(key, Buffer.from(value)),
    owns: () => true,
  }
}

async function mesh({
  encryption,
  seeds,
  members,
  memory,
  weight,
  unknown,
}: Extract<MemberOptions, { kind: 'mesh' }>): Promise<Cache> {
  const settings = await readOptions({ mesh: 'bench', encryption, memory, seeds, weight })
  const started = await start({ settings, make: started => started })
  const node = new CacheMeshNode(started)
  while (node.configuration.members.length < members || node.stats.links < members - 1)
    await new Promise(resolve => setTimeout(resolve, 20))
  if (unknown !== undefined) forget(started, unknown)
  const keys = node.namespace<Uint8Array>('default')
  return {
    get: key => keys.get(key),
    set: (key, value) => keys.set(key, value),
    owns: (key, by) => node.route(key).owner === by,
  }
}

/** Places keys as before a member came. */
function forget({ runtime: { core } }: Started, id: string): void {
  const known = core.configuration.members.filter(member => member.id !== id)
  core.placement.update(author(Configuration.empty('bench'), known.map(memberRecord), Date.now()))
}

function measure(ask: Extract<MemberAsk, { kind: 'measure' }>): Promise<Sample> {
  if (options.load === 'get') return closedLoop(cache.get, { ...load, ...ask })
  let count = 0
  // A set of what is there already: whoever gets it can still tell that it is the right one.
  const getOrSet = async (key: string, index: number) => {
    if (++count % SETS !== 0) return cache.get(key)
    await cache.set(key, values[index] as Uint8Array)
    return values[index]
  }
  return closedLoop(getOrSet, { ...load, ...ask })
}

async function store({ keys, valueBytes, seed, zipf }: Extract<MemberAsk, { kind: 'store' }>): Promise<void> {
  values = keys.map((_, index) => valueAt(index, valueBytes))
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < keys.length) {
      const index = next++
      await cache.set(keys[index] as string, values[index] as Uint8Array)
    }
  }
  await Promise.all(Array.from({ length: STORING }, worker))
  load = {
    keys,
    order:
      zipf === undefined
        ? shuffledOrder(seed, keys.length)
        : zipfOrder(seed, keys.length, { exponent: zipf, length: ORDER_LENGTH }),
    firstBytes: Uint8Array.from(values, value => value[0] as number),
  }
}

async function answer(ask: MemberAsk): Promise<readonly string[] | Sample | 'stored'> {
  const { kind } = ask
  if (kind === 'owned') {
    const { keys, by } = ask
    return by === undefined ? keys : keys.filter(key => cache.owns(key, by))
  }
  if (kind === 'measure') return measure(ask)
  await store(ask)
  return 'stored'
}

process.on('disconnect', () => process.exit())
process.on('message', async (ask: MemberAsk) => process.send?.(await answer(ask)))
process.send?.('ready')
