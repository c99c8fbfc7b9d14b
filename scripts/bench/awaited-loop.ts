// One get after another, each awaited: what an embedder's code does with keys of the own node.

import type { Sample } from './rounds.ts'

export interface Walk<T> {
  readonly get: (key: string) => Promise<T>
  readonly keys: readonly string[]
  /** Indices of keys in the order in which they are asked for, over and over. */
  readonly order: Uint32Array
  readonly count: number
  /** A number in the value of a hit, to be added up. */
  readonly read: (value: T) => number
  /** That number for each key. */
  readonly expected: Uint8Array
}

/** Throws when a value is missing, or when what was read does not add up. */
export async function awaitedLoop<T>({ get, keys, order, count, read, expected }: Walk<T>): Promise<Sample> {
  let sum = 0
  let wanted = 0
  const cpuBefore = process.cpuUsage()
  const startedAt = performance.now()
  for (let i = 0; i < count; i++) {
    const index = order[i % order.length] as number
    const value = await get(keys[index] as string)
    sum += read(value)
    wanted += expected[index] as number
  }
  const seconds = (performance.now() - startedAt) / 1000
  const { user, system } = process.cpuUsage(cpuBefore)
  if (sum !== wanted) throw new Error(`What was read adds up to ${sum}, not to ${wanted}`)
  return {
    operationsPerSecond: count / seconds,
    cpuMicros: (user + system) / count,
    misses: 0,
    latencies: [],
  }
}
