// One node of a mesh whose programs ask for some keys much more than for others, and its program. It ends with its
// parent.

import { DEFAULT_NAMESPACE, keyPrefix, qualifyKey } from '@cachemesh/protocol'
import { CacheMeshNode } from '../../packages/node/src/node.ts'
import { readOptions } from '../../packages/node/src/options/options.ts'
import { start } from '../../packages/node/src/start.ts'
import type { Encryption } from './options.ts'
import { randomKeys, valueAt, zipfOrder } from './random.ts'

export interface ZipfNodeOptions {
  readonly encryption: Encryption
  readonly seeds: readonly string[]
  readonly members: number
  readonly keyCount: number
  /** What its program asks for, gets per second. */
  readonly perSecond: number
  /** Of what it asks for: each program asks in an order of its own. */
  readonly seed: number
}

export type ZipfAsk =
  /** Wait until all members are linked, and store the keys whose numbers this node has. */
  | { readonly kind: 'fill'; readonly place: number }
  | { readonly kind: 'set'; readonly settings: Readonly<Record<string, number>> }
  /** What was answered since it was asked last, and how many arcs have been given or shared so far. */
  | { readonly kind: 'count' }

export interface ZipfCount {
  /** Gets of this node's program, by the member that answered. */
  readonly answered: Readonly<Record<string, number>>
  readonly failed: number
  readonly arcs: number
}

const KEYS_SEED = 20_261_121
const VALUE_BYTES = 100
const TURN_MS = 10
const ORDER_LENGTH = 2 ** 18

const options = JSON.parse(process.argv[2] as string) as ZipfNodeOptions
const { encryption, seeds, members, keyCount, perSecond, seed } = options
const settings = await readOptions({ mesh: 'bench', encryption, memory: '64mb', seeds })
const started = await start({ settings, make: started => started })
const node = new CacheMeshNode(started)
const { core, requests } = started.runtime
const keys = randomKeys(KEYS_SEED, keyCount, () => true)
const qualified = keys.map(key => qualifyKey(keyPrefix(DEFAULT_NAMESPACE), key))
const order = zipfOrder(seed, keyCount, { exponent: 1, length: ORDER_LENGTH })
let answered: Record<string, number> = {}
let failed = 0

async function fill(place: number): Promise<void> {
  while (node.stats.links < members - 1) await new Promise(resolve => setTimeout(resolve, 20))
  const plain = node.namespace<Uint8Array>('default')
  for (let i = place; i < keyCount; i += members) await plain.set(keys[i] as string, valueAt(i, VALUE_BYTES))
  ask(0, performance.now(), 0)
}

/** As many as are due, whatever became of those before: a program that waits for its answers would spare the busy. */
function ask(at: number, since: number, asked: number): void {
  const due = Math.floor(((performance.now() - since) * perSecond) / 1_000)
  // Who stood still does not make up for it.
  const end = Math.min(due, asked + perSecond / 10)
  for (let i = asked; i < end; i++) {
    const key = qualified[order[(at + i - asked) % ORDER_LENGTH] as number] as string
    requests
      .get(key, found => {
        if (found === undefined) failed++
        const by = found?.by ?? core.id
        answered[by] = (answered[by] ?? 0) + 1
      })
      .catch(() => failed++)
  }
  setTimeout(() => ask((at + end - asked) % ORDER_LENGTH, since, due), TURN_MS)
}

function count(): ZipfCount {
  const counted = { answered, failed, arcs: node.ring.arcs }
  answered = {}
  failed = 0
  return counted
}

process.on('disconnect', () => process.exit())
process.on('message', async (what: ZipfAsk) => {
  if (what.kind === 'fill') await fill(what.place)
  if (what.kind === 'set') await node.mesh.update({ settings: what.settings })
  process.send?.(what.kind === 'count' ? count() : 'done')
})
process.send?.({ address: node.addresses[0], id: node.id })
