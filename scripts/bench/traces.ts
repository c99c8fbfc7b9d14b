// Sequences of keys that programs ask for: the kinds on which ways of eviction differ, from fixed seeds, and a trace of
// a real program from a file.

import { readFileSync } from 'node:fs'
import { zstdDecompressSync } from 'node:zlib'
import { generator } from './random.ts'

export interface Trace {
  readonly name: string
  /** Numbers of keys, in the order in which they are asked for. */
  readonly keys: Uint32Array
  /** How many keys a cache holds. */
  readonly sizes: readonly number[]
}

const REQUESTS = 1_000_000
const KEYS = 100_000
const SIZES = [1_000, 5_000, 20_000]
const SEED = 20_261_121

/** Ranks by Zipf's law: rank r is drawn in proportion to 1 / r^exponent. */
function zipf(count: number, exponent: number): (random: number) => number {
  const sums = new Float64Array(count)
  let sum = 0
  for (let rank = 0; rank < count; rank++) {
    sum += 1 / (rank + 1) ** exponent
    sums[rank] = sum
  }
  return random => {
    const wanted = random * sum
    let low = 0
    let high = count - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((sums[middle] as number) < wanted) low = middle + 1
      else high = middle
    }
    return low
  }
}

function drawn(name: string, key: (i: number, random: () => number) => number): Trace {
  const next = generator(SEED)
  const random = (): number => next() / 2 ** 32
  return { name, keys: Uint32Array.from({ length: REQUESTS }, (_, i) => key(i, random)), sizes: SIZES }
}

export function syntheticTraces(): Trace[] {
  const popular = zipf(KEYS, 1)
  const flat = zipf(KEYS, 0.8)
  const recent = zipf(KEYS, 1)
  let scanned = KEYS
  return [
    drawn('Zipf 1.0', (_, random) => popular(random())),
    drawn('Zipf 0.8', (_, random) => flat(random())),
    // Every 50,000 requests somebody reads 20,000 keys once, between the others.
    drawn('scan', (i, random) => (i % 50_000 < 40_000 && i % 2 === 1 ? scanned++ : popular(random()))),
    drawn('loop', i => i % 30_000),
    // Other keys become the popular ones, all at once, ten times.
    drawn('phase shift', (i, random) => popular(random()) + Math.floor((i * 10) / REQUESTS) * KEYS),
    // The popular ones change all the time, each a little: one rank for ten requests.
    drawn('drift', (i, random) => popular(random()) + Math.floor(i / 10)),
    // One key in ten is new, and the newer one is the more popular it is.
    drawn('newest is popular', (i, random) => Math.max(0, KEYS + Math.floor(i / 10) - recent(random()))),
  ]
}

/** Lines `start count ignored ignored`, each so many pages from `start` on; compressed with zstd if the name says so. */
export function traceOf(path: string): Trace {
  const bytes = readFileSync(path)
  const text = (path.endsWith('.zst') ? zstdDecompressSync(bytes) : bytes).toString('latin1')
  const keys: number[] = []
  for (const line of text.split('\n')) {
    const [start, count] = line.split(' ').map(Number)
    if (start === undefined || count === undefined) continue
    for (let page = start; page < start + count; page++) keys.push(page)
  }
  return { name: 'trace', keys: Uint32Array.from(keys), sizes: [1_000, 2_000, 5_000] }
}
