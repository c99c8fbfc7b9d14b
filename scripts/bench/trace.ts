// Which share of requests does a cache answer that holds so many entries, by each way of eviction? The store's own
// partitions, with entries of one size, on sequences of keys.

import { hashKey } from '@cachemesh/protocol'
import { Budget } from '../../packages/core/src/store/budget.ts'
import { entryOf } from '../../packages/core/src/store/entry.ts'
import { Partition } from '../../packages/core/src/store/partition.ts'
import { POLICIES, type PolicyName } from '../../packages/core/src/store/policy.ts'
import type { BenchOptions } from './options.ts'
import { machine, machineLine, progress, type Report, table } from './report.ts'
import { syntheticTraces, type Trace, traceOf } from './traces.ts'

const VALUE = new Uint8Array(1_000)

export async function trace({ quick, tracePath }: BenchOptions): Promise<Report> {
  const traces = tracePath === undefined ? syntheticTraces() : [traceOf(tracePath)]
  const cells = traces.flatMap(each =>
    each.sizes.map(size => {
      progress(`${each.name}, ${size} entries`)
      const keys = quick ? each.keys.subarray(0, each.keys.length / 10) : each.keys
      const ratios = POLICIES.map(policy => [policy, hitRatio({ ...each, keys }, size, policy)])
      return { trace: each.name, size, ratios: Object.fromEntries(ratios) as Record<PolicyName, number> }
    }),
  )
  progress('')
  const rows = cells.map(({ trace, size, ratios }) => [
    trace,
    `${size}`,
    ...POLICIES.map(policy => (100 * ratios[policy]).toFixed(2)),
    `${(100 * (ratios.adaptive - ratios.lru)).toFixed(2)}`,
  ])
  return {
    text: `Hit ratio in percent, of a partition of the store that holds so many entries of one size
${machineLine()}
${quick ? 'A quick run: a tenth of each sequence.\n' : ''}
${table(['sequence', 'entries', ...POLICIES, 'adaptive - lru'], rows)}`,
    data: { question: 'trace', machine: machine(), quick, cells },
  }
}

function hitRatio({ keys }: Trace, size: number, policy: PolicyName): number {
  const partition = partitionOf(size, policy)
  let hits = 0
  for (const number of keys) {
    const key = nameOf(number)
    const hash = hashKey(key)
    const address = partition.seek(key, hash)
    if (address === 0) {
      partition.put(
        key,
        entryOf({ value: VALUE, contentType: '', expiresAt: Number.POSITIVE_INFINITY }, 1),
        hash,
      )
    } else {
      partition.hit(address)
      hits++
    }
  }
  return hits / keys.length
}

function nameOf(number: number): string {
  return `k${number.toString().padStart(9, '0')}`
}

/** Of a budget in which just so many entries find room. */
function partitionOf(size: number, policy: PolicyName): Partition {
  const options = { seed: 1, adaptive: false }
  const { blocks } = new Budget(2 ** 20, options)
  const entry = entryOf({ value: VALUE, contentType: '', expiresAt: Number.POSITIVE_INFINITY }, 1)
  const charge = blocks.chargeOf(blocks.extentOf(nameOf(0), entry, policy === 'cost'))
  for (let bytes = size * charge; ; bytes += charge / 2) {
    const budget = new Budget(bytes, options)
    if (budget.capacity >= size * charge) return new Partition(budget, { policy, share: 1 })
  }
}
