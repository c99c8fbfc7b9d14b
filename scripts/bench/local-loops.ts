// One get after another, each awaited or all at once: what an embedder's code does with keys of the own node.

import type { Sample } from './rounds.ts'

export interface Walk<Got, Value> {
  readonly get: (key: string) => Got
  readonly keys: readonly string[]
  /** Indices of keys in the order in which they are asked for, over and over. */
  readonly order: Uint32Array
  readonly count: number
  /** A number in the value of a hit, to be added up. */
  readonly read: (value: Value) => number
  /** That number for each key. */
  readonly expected: Uint8Array
}

/** Throws when a value is missing, or when what was read does not add up. */
export async function awaitedLoop<T>(walk: Walk<Promise<T>, T>): Promise<Sample> {
  const { get, keys, order, count, read, expected } = walk
  let sum = 0
  let wanted = 0
  const end = begin()
  for (let i = 0; i < count; i++) {
    const index = order[i % order.length] as number
    const value = await get(keys[index] as string)
    sum += read(value)
    wanted += expected[index] as number
  }
  return end(count, sum - wanted)
}

/** Likewise without waiting. */
export function synchronousLoop<T>({ get, keys, order, count, read, expected }: Walk<T, T>): Sample {
  let sum = 0
  let wanted = 0
  const end = begin()
  for (let i = 0; i < count; i++) {
    const index = order[i % order.length] as number
    sum += read(get(keys[index] as string))
    wanted += expected[index] as number
  }
  return end(count, sum - wanted)
}

function begin(): (count: number, difference: number) => Sample {
  const cpuBefore = process.cpuUsage()
  const startedAt = performance.now()
  return (count, difference) => {
    const seconds = (performance.now() - startedAt) / 1000
    const { user, system } = process.cpuUsage(cpuBefore)
    if (difference !== 0) throw new Error(`What was read adds up to ${difference} more than was written`)
    return {
      operationsPerSecond: count / seconds,
      cpuMicros: (user + system) / count,
      misses: 0,
      latencies: [],
    }
  }
}
