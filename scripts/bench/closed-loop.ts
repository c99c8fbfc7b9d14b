// The load: a fixed number of requests under way, each asked for when the one before it is answered.

import type { Sample } from './rounds.ts'

export interface Load {
  readonly keys: readonly string[]
  /** Indices of keys in the order in which they are asked for, over and over. */
  readonly order: Uint32Array
  /** Where in `order` to begin. */
  readonly from: number
  /** First byte of each value. */
  readonly firstBytes: Uint8Array
  readonly depth: number
  readonly durationMs: number
}

export type Get = (key: string, index: number) => Promise<Uint8Array | null | undefined>

/** Counts values that are missing; throws when the first bytes of the others do not add up. */
export async function closedLoop(get: Get, load: Load): Promise<Sample> {
  const { keys, order, firstBytes, depth } = load
  const latencies: number[] = []
  let at = load.from
  let running = true
  let count = 0
  let misses = 0
  let sum = 0
  let expected = 0

  const nextIndex = (): number => order[at++ % order.length] as number
  const take = (value: Uint8Array | null | undefined, index: number): void => {
    count++
    if (value === null || value === undefined) {
      misses++
      return
    }
    sum += value[0] as number
    expected += firstBytes[index] as number
  }
  // A clock read costs as much as a part of a request: only one after another are timed one by one.
  const timed = async (): Promise<void> => {
    while (running) {
      const index = nextIndex()
      const startedAt = performance.now()
      const value = await get(keys[index] as string, index)
      latencies.push(performance.now() - startedAt)
      take(value, index)
    }
  }
  const untimed = async (): Promise<void> => {
    while (running) {
      const index = nextIndex()
      take(await get(keys[index] as string, index), index)
    }
  }

  const cpuBefore = process.cpuUsage()
  const startedAt = performance.now()
  setTimeout(() => {
    running = false
  }, load.durationMs)
  await Promise.all(Array.from({ length: depth }, depth === 1 ? timed : untimed))
  const seconds = (performance.now() - startedAt) / 1000
  const { user, system } = process.cpuUsage(cpuBefore)
  if (sum !== expected) throw new Error(`The bytes read add up to ${sum}, not to ${expected}`)
  return { operationsPerSecond: count / seconds, cpuMicros: (user + system) / count, misses, latencies }
}
