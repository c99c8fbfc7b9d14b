// A process of its own that fills a node with entries, and tells what they took and how long it stood still.

import { PerformanceObserver } from 'node:perf_hooks'
import { getHeapSpaceStatistics, type HeapSpaceInfo } from 'node:v8'
import { createNode } from 'cachemesh'
import { LRUCache } from 'lru-cache'
import type { Filled, Filling } from './memory.ts'
import { generator, valueAt } from './random.ts'

const VALUE_BYTES = 100
const INSERTS_PER_TURN = 100
const WARM_SETS = 100_000
const WARM_ROUNDS_MAX = 30

interface Cache {
  get(key: string): Promise<unknown>
  set(key: string, value: Uint8Array): unknown
  close(): unknown
}

/** 16 characters for each number, in no order. */
function keyOf(number: number): string {
  const mixed = Math.imul(number, 0x9e3779b1) >>> 0
  return `${mixed.toString(36).padStart(8, '0')}${number.toString(36).padStart(8, '0')}`
}

class GarbageCollector {
  longestMs = 0
  totalMs = 0
  readonly #observer = new PerformanceObserver(list => {
    for (const { duration } of list.getEntries()) {
      this.totalMs += duration
      this.longestMs = Math.max(this.longestMs, duration)
    }
  })

  constructor() {
    this.#observer.observe({ entryTypes: ['gc'] })
  }

  /** What there was since the last time. The observer is told of pauses later. */
  async taken(): Promise<{ longestMs: number; totalMs: number }> {
    await new Promise(resolve => setTimeout(resolve, 50))
    const { longestMs, totalMs } = this
    this.longestMs = 0
    this.totalMs = 0
    return { longestMs, totalMs }
  }
}

async function cacheFor({ kind, entries, full }: Filling): Promise<Cache> {
  if (kind === 'mesh') return createNode({ memory: full ? entries * 100 : entries * 400 })
  const max = full ? entries / 2 : 2 * entries
  const lru = new LRUCache<string, Uint8Array>({ max })
  return {
    get: async key => lru.get(key),
    // As a cache keeps what comes from a network: memory of its own.
    set: (key, value) => lru.set(key, Buffer.from(value)),
    close: () => {},
  }
}

/** Asks for entries at a rate, whatever the answers take. Latency counts from the moment at which one was to be asked. */
async function openLoop(cache: Cache, { entries, rate, seconds }: Filling): Promise<number[]> {
  const next = generator(1)
  const latencies: number[] = []
  const startedAt = performance.now()
  const count = rate * seconds
  let newest = entries
  for (let i = 0; i < count; ) {
    const due = Math.min(count, Math.floor(((performance.now() - startedAt) / 1000) * rate))
    for (; i < due; i++) {
      const intended = startedAt + (i / rate) * 1000
      // One in ten is written, so that there is garbage.
      if (i % 10 === 9) await cache.set(keyOf(newest++), valueAt(i, VALUE_BYTES))
      else {
        await cache.get(keyOf(next() % entries))
        latencies.push(performance.now() - intended)
      }
    }
    await new Promise(resolve => setImmediate(resolve))
  }
  return latencies
}

/** Sets a few entries until the young generation of the heap grows no more: its size is no matter of how many there are. */
async function warm(cache: Cache): Promise<void> {
  let grewAt = 0
  let largest = 0
  for (let round = 0; round < WARM_ROUNDS_MAX && round - grewAt <= 5; round++) {
    for (let i = 0; i < WARM_SETS; i++) await cache.set(keyOf(i % 1_000), valueAt(i, VALUE_BYTES))
    const { space_size: size } = getHeapSpaceStatistics().find(
      ({ space_name: name }) => name === 'new_space',
    ) as HeapSpaceInfo
    if (size > largest) grewAt = round
    largest = Math.max(largest, size)
  }
}

async function fill(filling: Filling): Promise<Filled> {
  const { entries } = filling
  const gc = new GarbageCollector()
  const cache = await cacheFor(filling)
  await warm(cache)
  // At once: a process that waits gives some of its heap back.
  const before = process.memoryUsage()
  await gc.taken()
  let longestTurnMs = 0
  let longestTurnCpuMs = 0
  for (let i = 1_000; i < entries; ) {
    const startedAt = performance.now()
    const cpuBefore = process.threadCpuUsage()
    for (const end = Math.min(entries, i + INSERTS_PER_TURN); i < end; i++) {
      await cache.set(keyOf(i), valueAt(i, VALUE_BYTES))
    }
    const { user, system } = process.threadCpuUsage(cpuBefore)
    longestTurnCpuMs = Math.max(longestTurnCpuMs, (user + system) / 1_000)
    longestTurnMs = Math.max(longestTurnMs, performance.now() - startedAt)
    await new Promise(resolve => setImmediate(resolve))
  }
  const after = process.memoryUsage()
  const pauses = await gc.taken()
  const latencies = Float64Array.from(await openLoop(cache, filling)).sort()
  const under = await gc.taken()
  let missing = 0
  for (let i = 0; i < entries; i += 997) if ((await cache.get(keyOf(i))) === undefined) missing++
  await cache.close()
  return {
    rssPerEntry: (after.rss - before.rss) / (entries - 1_000),
    buffersPerEntry: (after.arrayBuffers - before.arrayBuffers) / (entries - 1_000),
    gcLongestMs: pauses.longestMs,
    gcTotalMs: pauses.totalMs,
    longestTurnMs,
    longestTurnCpuMs,
    p50Ms: latencies[Math.floor(latencies.length * 0.5)] as number,
    p999Ms: latencies[Math.floor(latencies.length * 0.999)] as number,
    gcLongestUnderGetsMs: under.longestMs,
    missing: missing / Math.ceil(entries / 997),
  }
}

process.once('message', (filling: Filling) => {
  fill(filling).then(filled => process.send?.(filled, () => process.disconnect()))
})
