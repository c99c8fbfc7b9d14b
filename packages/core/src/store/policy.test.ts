import { hashKey } from '@cachemesh/protocol'
import { describe, expect, it } from 'vitest'
import { Random } from '../chance/random.ts'
import { Budget } from './budget.ts'
import { type Entry, entryOf } from './entry.ts'
import { Partition } from './partition.ts'
import type { PolicyName } from './policy.ts'

const MiB = 1024 * 1024

function partitionOf(policy: PolicyName, bytes = MiB): Partition {
  return new Partition(new Budget(bytes, { seed: 3, adaptive: false }), { policy, share: 1 })
}

function entryWith(bytes: number, cost = 0): Entry {
  return entryOf({ value: new Uint8Array(bytes), contentType: '', expiresAt: Infinity, cost }, 1)
}

/** Share of requests that hit, of a cache of some 1,900 entries of 500 bytes. */
function hitRatio(policy: PolicyName, keys: Iterable<number>): number {
  const partition = partitionOf(policy)
  let hits = 0
  let requests = 0
  for (const number of keys) {
    const key = `key ${number}`
    const address = partition.seek(key, hashKey(key))
    if (address === 0) partition.put(key, entryWith(440))
    else partition.hit(address)
    if (address !== 0) hits++
    requests++
  }
  return hits / requests
}

/** Keys of which few are asked for often: rank falls off as 1/x. */
function popular(random: Random, keys: number): number {
  return Math.floor(keys ** random.fraction()) - 1
}

const REQUESTS = 80_000

function drawn(key: (i: number, random: Random) => number): number[] {
  const random = new Random(5)
  return Array.from({ length: REQUESTS }, (_, i) => key(i, random))
}

const sequences = {
  popular: drawn((_, random) => popular(random, 20_000)),
  scan: drawn((i, random) => (i % 20_000 < 10_000 && i % 2 === 0 ? 100_000 + i : popular(random, 20_000))),
  loop: drawn(i => i % 3_000),
  'phase shift': drawn((i, random) => popular(random, 20_000) + Math.floor((i * 5) / REQUESTS) * 20_000),
  drift: drawn((i, random) => popular(random, 20_000) + Math.floor(i / 5)),
}

describe('the default policy', () => {
  it.each(Object.entries(sequences))('is no more than a point below LRU: %s', (_, keys) => {
    expect(hitRatio('adaptive', keys)).toBeGreaterThan(hitRatio('lru', keys) - 0.01)
  })

  it('takes the better way: S3-FIFO where few keys stay popular, LRU where they change', () => {
    const { scan, drift } = sequences
    expect(hitRatio('adaptive', scan)).toBeGreaterThan(hitRatio('lru', scan) + 0.03)
    expect(hitRatio('adaptive', drift)).toBeGreaterThan(hitRatio('s3-fifo', drift) + 0.02)
  })

  it.each(['adaptive', 's3-fifo'] as const)('lets a scan pass: %s', policy => {
    const partition = partitionOf(policy)
    const used = Array.from({ length: 200 }, (_, i) => `used ${i}`)
    for (const key of used) partition.put(key, entryWith(440))
    for (const key of [...used, ...used, ...used]) partition.find(key)
    for (let i = 0; i < 20_000; i++) partition.put(`scanned ${i}`, entryWith(440))
    for (const key of used) expect(partition.find(key)).toBeDefined()
  })
})

describe('by cost', () => {
  it('what is dear, small or often used stays longer', () => {
    const partition = partitionOf('cost')
    const put = (name: string, entry: Entry) => {
      for (let i = 0; i < 50; i++) partition.put(`${name} ${i}`, entry)
    }
    const left = (name: string) =>
      Array.from({ length: 50 }, (_, i) => partition.find(`${name} ${i}`)).filter(Boolean).length
    put('dear', entryWith(800, 500))
    put('small', entryWith(20, 2))
    put('large', entryWith(4_000, 2))
    put('often', entryWith(400, 2))
    for (let round = 0; round < 15; round++) left('often')
    for (let i = 0; i < 2_000; i++) partition.put(`other ${i}`, entryWith(400, 2))
    expect([left('dear'), left('small'), left('often'), left('large')]).toEqual([50, 50, 50, 0])
  })

  it('nobody stays for ever who is not used', () => {
    const partition = partitionOf('cost')
    partition.put('dear', entryWith(400, 200))
    for (let i = 0; partition.seek('dear', hashKey('dear')) !== 0; i++) {
      partition.put(`other ${i}`, entryWith(400, 10))
      expect(i).toBeLessThan(1_000_000)
    }
    expect(partition.stats.evictions).toBeGreaterThan(5_000)
  })
})
