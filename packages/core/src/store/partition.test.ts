import { hashKey } from '@cachemesh/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Budget } from './budget.ts'
import { type Entry, entryOf } from './entry.ts'
import { Partition } from './partition.ts'
import { POLICIES, type PolicyName } from './policy.ts'

const KiB = 1024
const NEVER = Number.POSITIVE_INFINITY

interface Shape {
  readonly expiresAt?: number
  readonly contentType?: string
  readonly cost?: number
  readonly staleAt?: number
  readonly tags?: readonly number[]
}

let versions = 0

function entryWith(bytes: number, shape: Shape = {}): Entry {
  const version = ++versions
  const value = new Uint8Array(bytes).fill(version)
  return entryOf({ value, contentType: '', expiresAt: NEVER, ...shape }, version)
}

function partitionOf(bytesMax: number, policy: PolicyName = 'lru') {
  const budget = new Budget(bytesMax, { seed: 7, adaptive: true })
  const partition = new Partition(budget, { policy, share: 0.8 })
  const copies = new Partition(budget, { policy, share: 0.2 })
  return { budget, partition, copies }
}

/** What an entry is charged. */
function charge(budget: Budget, key: string, entry: Entry, policy: PolicyName): number {
  return budget.blocks.chargeOf(budget.blocks.extentOf(key, entry, policy === 'cost'))
}

const anyKey = fc.oneof(
  { weight: 10, arbitrary: fc.nat(400).map(number => `key ${number}`) },
  { weight: 1, arbitrary: fc.constantFrom('ключ', '\u{1f511}', 'k'.repeat(3_000), '\0name\0key') },
)
const anyShape = fc.record(
  {
    contentType: fc.constantFrom('', 'text/plain', 'application/octet-stream', `x/${'y'.repeat(200)}`),
    cost: fc.constantFrom(0, 0.25, 1, 1e4),
    staleAt: fc.constantFrom(5, NEVER),
    tags: fc.array(fc.nat(2_047), { maxLength: 16 }),
  },
  { requiredKeys: [] },
)
const anySize = fc.oneof(fc.nat(200), fc.nat(1_100), fc.nat(30_000))
const anyPut = fc.record({
  act: fc.constant('put' as const),
  key: anyKey,
  bytes: anySize,
  ttl: fc.nat(200),
  shape: anyShape,
  copy: fc.boolean(),
  times: fc.integer({ min: 1, max: 30 }),
})
const anyAct = fc.oneof(
  { weight: 5, arbitrary: anyPut },
  { weight: 3, arbitrary: fc.record({ act: fc.constant('get' as const), key: anyKey }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('delete' as const), key: anyKey }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('wait' as const), ms: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('sweep' as const), segments: fc.nat(3) }) },
)

describe('a partition', () => {
  it('shows of each key the latest entry or none, and counts every byte, by any policy', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...POLICIES),
        fc.integer({ min: 200 * KiB, max: 600 * KiB }),
        fc.array(anyAct, { maxLength: 100 }),
        (policy, bytesMax, acts) => {
          const { budget, partition, copies } = partitionOf(bytesMax, policy)
          const models = [new Map<string, Entry>(), new Map<string, Entry>()] as const
          let now = 1
          for (const act of acts) {
            if (act.act === 'put') {
              const [into, model] = act.copy ? [copies, models[1]] : [partition, models[0]]
              for (let i = 0; i < act.times; i++) {
                const key = i === 0 ? act.key : `${act.key} ${i}`
                const expiresAt = act.ttl === 0 ? NEVER : now + act.ttl
                const entry = entryWith(act.bytes, { ...act.shape, expiresAt })
                expect(into.fits(key, entry)).toBe(true)
                into.put(key, entry)
                model.set(key, entry)
                expect(budget.used).toBeLessThanOrEqual(bytesMax)
              }
              expect(into.find(act.key) === undefined).toBe(into.seek(act.key, hashKey(act.key)) === 0)
            } else if (act.act === 'get') {
              const entry = models[0].get(act.key)
              const found = partition.get(act.key, now)
              if (found !== undefined) expect(found).toEqual(entry)
              if (found !== undefined) expect(found.expiresAt).toBeGreaterThan(now)
            } else if (act.act === 'delete') {
              const had = partition.find(act.key) !== undefined
              expect(partition.delete(act.key)).toBe(had)
              models[0].delete(act.key)
              expect(partition.find(act.key)).toBeUndefined()
            } else if (act.act === 'sweep') budget.sweep(now, act.segments)
            else now += act.ms
            expect(budget.charged).toBeLessThanOrEqual(budget.capacity)
          }
          for (const [i, kept] of [partition, copies].entries()) {
            let bytes = 0
            let entries = 0
            kept.visitVersions(undefined, Number.MAX_SAFE_INTEGER, (_hash, _version, address) => {
              const [key, entry] = [kept.keyAt(address), kept.entryAt(address)]
              expect(entry).toEqual(models[i]?.get(key))
              bytes += charge(budget, key, entry, policy)
              entries++
            })
            // A block may be a little larger than what is in it, where the rest would be no block.
            expect(kept.stats.entries).toBe(entries)
            expect(kept.bytes).toBeGreaterThanOrEqual(bytes)
            expect(kept.bytes).toBeLessThanOrEqual(bytes + entries * 40)
          }
          budget.clear()
          expect([budget.charged, partition.stats.entries, copies.stats.entries]).toEqual([0, 0, 0])
        },
      ),
      { numRuns: 40 },
    )
  })

  it('keeps all that fits', () => {
    const { budget, partition } = partitionOf(4 * KiB * KiB)
    let charged = 0
    const keys: string[] = []
    for (let i = 0; ; i++) {
      const entry = entryWith(1 + ((i * 7919) % 700))
      charged += charge(budget, `key ${i}`, entry, 'lru')
      // A block may be a little larger than what is in it.
      if (charged > 0.99 * budget.capacity) break
      partition.put(`key ${i}`, entry)
      keys.push(`key ${i}`)
    }
    expect(partition.stats.evictions).toBe(0)
    for (const key of keys) expect(partition.find(key)).toBeDefined()
    expect(partition.bytes).toBeGreaterThan(0.92 * budget.bytesMax)
  })

  it('by lru is what was used last', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(300), fc.nat(5_000)), { minLength: 200, maxLength: 600 }),
        acts => {
          const { partition } = partitionOf(300 * KiB)
          // Least recently used first, as a Map that is written anew at every use.
          const used = new Map<string, true>()
          for (const [number, bytes] of acts) {
            const key = `key ${number}`
            if (number % 3 > 0) partition.put(key, entryWith(bytes))
            else if (partition.find(key) === undefined) continue
            used.delete(key)
            used.set(key, true)
          }
          const kept = [...used.keys()].map(key => partition.seek(key, hashKey(key)) !== 0)
          expect(kept.lastIndexOf(false)).toBeLessThan(Math.max(0, kept.indexOf(true)) || kept.length)
          expect(kept.filter(Boolean).length).toBe(partition.stats.entries)
        },
      ),
      { numRuns: 30 },
    )
  })

  it('ends an entry at the moment it expires, by the time it is told', () => {
    const { partition } = partitionOf(200 * KiB)
    partition.put('a', entryWith(1, { expiresAt: 100 }))
    expect(partition.get('a', 99.9)).toBeDefined()
    expect(partition.get('a', 100)).toBeUndefined()
    expect(partition.stats).toMatchObject({ entries: 0, bytes: 0, expirations: 1, evictions: 0 })
  })

  it('gives back the memory of what has expired, also of what nobody asks for', () => {
    const { budget, partition } = partitionOf(800 * KiB)
    for (let i = 0; i < 2_000; i++)
      partition.put(`key ${i}`, entryWith(100, { expiresAt: i % 2 ? 50 : NEVER }))
    expect(partition.mortals).toBe(1_000)
    for (let i = 0; i < 20; i++) budget.sweep(50, 1)
    expect(partition.stats).toMatchObject({ entries: 1_000, expirations: 1_000 })
    expect(partition.mortals).toBe(0)
  })

  it('counts evictions, and not what is written over or deleted', () => {
    const { partition } = partitionOf(200 * KiB)
    for (const key of ['a', 'b', 'c']) partition.put(key, entryWith(50_000))
    partition.put('a', entryWith(60_000))
    partition.delete('b')
    expect(partition.stats.evictions).toBe(0)
    for (const key of ['d', 'e']) partition.put(key, entryWith(50_000))
    expect(partition.stats).toMatchObject({ entries: 3, evictions: 1 })
    expect(partition.get('c', 1)).toBeUndefined()
  })

  it('takes a view of what it holds for another key, or for the same', () => {
    const { partition } = partitionOf(200 * KiB)
    partition.put('a', entryWith(700))
    const { value } = partition.find('a') as Entry
    const expected = new Uint8Array(value)
    partition.put('b', { ...entryWith(0), value })
    partition.put('a', { ...entryWith(0, { cost: 3 }), value: (partition.find('a') as Entry).value })
    expect(partition.find('a')?.value).toEqual(expected)
    expect(partition.find('b')?.value).toEqual(expected)
  })

  it('tells keys of one hash apart, by their last character, and by what four characters are together', () => {
    const { partition } = partitionOf(400 * KiB)
    const keys = ['Aaaa', 'Aaaab', 'Aaaac', 'AaaaAaaa', 'AaabAaaa']
    for (const key of keys) partition.put(key, entryWith(1), 5)
    const addresses = keys.map(key => partition.seek(key, 5))
    expect(new Set([0, ...addresses]).size).toBe(keys.length + 1)
    for (const other of ['\u6141\0aa', 'Aaa\u0161', 'Aaaa\u6141\0aa', 'aaaA', 'Aaa']) {
      expect(partition.seek(other, 5)).toBe(0)
    }
  })

  it('does not let keys of one hash pile up', () => {
    const { partition } = partitionOf(800 * KiB)
    for (let i = 0; i < 1_000; i++) partition.put(`key ${i}`, entryWith(1), 42)
    expect(partition.stats.entries).toBe(16)
    expect(partition.find('key 999', 42)).toBeDefined()
  })
})

describe('two partitions', () => {
  it('are emptied each by itself', () => {
    const { budget, partition, copies } = partitionOf(2 * KiB * KiB)
    for (let i = 0; i < 3_000; i++) copies.put(`key ${i}`, entryWith(i % 7 ? 100 : 2_000))
    partition.put('own', entryWith(3))
    copies.clear()
    expect(copies.stats).toMatchObject({ entries: 0, bytes: 0, evictions: 0 })
    expect(partition.find('own')).toBeDefined()
    expect(budget.charged).toBe(partition.bytes)
  })

  it('share one budget: what one does not use the other may, until it wants its share', () => {
    const { budget, partition, copies } = partitionOf(2 * KiB * KiB)
    for (let i = 0; i < 5_000; i++) partition.put(`own ${i}`, entryWith(1_000))
    expect(partition.bytes).toBeGreaterThan(0.95 * budget.capacity)
    for (let i = 0; i < 5_000; i++) copies.put(`copy ${i}`, entryWith(1_000))
    expect(copies.bytes / budget.capacity).toBeCloseTo(0.2, 1)
    expect(partition.bytes / budget.capacity).toBeCloseTo(0.8, 1)
  })

  it('get what their hits are worth: who would hit with more memory grows', () => {
    const { budget, partition, copies } = partitionOf(2 * KiB * KiB)
    let own = 0
    for (let round = 0; round < 30; round++) {
      // A loop that would fit into half of the memory, beside keys that nobody asks for again.
      for (let i = 0; i < 800; i++) {
        if (copies.find(`copy ${i}`) === undefined) copies.put(`copy ${i}`, entryWith(1_000))
        partition.put(`own ${own++}`, entryWith(1_000))
      }
    }
    expect(budget.shareOf(copies)).toBeGreaterThan(0.4)
    expect(budget.shareOf(copies) + budget.shareOf(partition)).toBeCloseTo(1, 9)
  })
})
