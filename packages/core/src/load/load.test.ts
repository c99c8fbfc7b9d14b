import { hashKey } from '@cachemesh/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Random } from '../chance/random.ts'
import { DecayedCounts, HALF_LIFE_MS } from './decayed-counts.ts'
import { Load } from './load.ts'
import { TopKeys } from './top-keys.ts'

describe('a decayed count', () => {
  it('tells a steady rate at any moment, and forgets one that was', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 500 }),
        fc.integer({ min: 0, max: 999 }),
        (perSecond, extraMs) => {
          const counts = new DecayedCounts(1, 0)
          const end = 20_000 + extraMs
          const gap = 1_000 / perSecond
          for (let at = gap; at <= end; at += gap) {
            counts.roll(at)
            counts.add(0, 1)
          }
          counts.roll(end)
          const rate = counts.rate(counts.of(0), end)
          expect(Math.abs(rate - perSecond)).toBeLessThanOrEqual(1 + 0.02 * perSecond)
          expect(counts.roll(end + 20 * HALF_LIFE_MS)).toBe(0.5 ** 20)
          expect(counts.rate(counts.of(0), end + 20 * HALF_LIFE_MS)).toBeLessThan(0.01)
        },
      ),
      { numRuns: 30 },
    )
  })

  it('is not touched before a half-life is over', () => {
    const counts = new DecayedCounts(1, 5)
    counts.add(0, 8)
    expect([counts.roll(5 + HALF_LIFE_MS - 1), counts.of(0)]).toEqual([1, 8])
    expect([counts.roll(5 + HALF_LIFE_MS), counts.of(0)]).toEqual([0.5, 4])
  })
})

/** Asks for keys with the frequencies of Zipf's law; returns how often each was asked for. */
function askZipf(keys: number, requests: number, ask: (key: string, i: number) => void): Map<string, number> {
  const random = new Random(11)
  const sums: number[] = []
  for (let i = 0; i < keys; i++) sums.push((sums[i - 1] ?? 0) + 1 / (i + 1))
  const asked = new Map<string, number>()
  for (let i = 0; i < requests; i++) {
    const at = random.fraction() * (sums[keys - 1] as number)
    const key = `key ${sums.findIndex(sum => sum > at)}`
    asked.set(key, (asked.get(key) ?? 0) + 1)
    ask(key, i)
  }
  return asked
}

describe('the top keys', () => {
  it('are those that were asked for most, hottest first, whatever else was asked for', () => {
    const top = new TopKeys(0)
    const asked = askZipf(2_000, 30_000, (key, i) => {
      top.count(key, hashKey(key), { asker: `peer ${i % 3}`, weight: 1 })
    })
    const wanted = [...asked].sort((a, b) => b[1] - a[1]).slice(0, 10)
    const found = top.top(10, 0)
    expect(new Set(found.map(({ key }) => key))).toEqual(new Set(wanted.map(([key]) => key)))
    for (const { key, perSecond } of found) {
      const count = asked.get(key) as number
      expect(perSecond).toBeGreaterThanOrEqual(count)
      expect(perSecond).toBeLessThanOrEqual(1.1 * count + 30)
    }
    const rates = found.map(({ perSecond }) => perSecond)
    expect(rates).toEqual([...rates].sort((a, b) => b - a))
  })

  it('know who asked, and lose what has cooled down', () => {
    const top = new TopKeys(0)
    for (let i = 0; i < 100; i++) top.count('hot', 7, { asker: i % 4 === 0 ? 'a' : 'b', weight: 1 })
    expect([top.askedBy('hot', 'a', 0), top.askedBy('hot', 'b', 0), top.askedBy('hot', 'c', 0)]).toEqual([
      25, 75, 0,
    ])
    top.roll(20 * HALF_LIFE_MS)
    expect(top.top(10, 0)).toEqual([])
    expect(top.askedBy('hot', 'b', 0)).toBe(0)
  })

  it('name no more than a fixed number of keys, and the hot one among any number of cold ones', () => {
    const top = new TopKeys(0)
    for (let i = 0; i < 20_000; i++) {
      top.count(`cold ${i}`, hashKey(`cold ${i}`), { asker: 'a', weight: 1 })
      if (i % 20 === 0) top.count('hot', hashKey('hot'), { asker: 'a', weight: 1 })
    }
    const all = top.top(Number.POSITIVE_INFINITY, 0)
    expect(all.length).toBeLessThanOrEqual(64)
    expect(all[0]?.key).toBe('hot')
  })
})

describe('the load of a node', () => {
  it('is measured on a sample, and comes out right', () => {
    const load = new Load(3, 0)
    let now = 0
    for (let i = 0; i < 80_000; i++) {
      now += 0.1 // 10,000 a second
      const key = i % 2 === 0 ? 'hot' : `key ${i % 997}`
      if (load.sampled())
        load.count(key, hashKey(key), {
          asker: i % 4 === 0 ? 'a' : 'b',
          owned: i % 10 > 0,
          position: hashKey(key),
          now,
        })
    }
    expect(load.total(now)).toBeGreaterThan(9_000)
    expect(load.total(now)).toBeLessThan(11_000)
    expect(load.owned(now) / load.total(now)).toBeCloseTo(0.9, 1)
    const [hottest] = load.hotKeys(1, now)
    expect(hottest?.key).toBe('hot')
    expect(hottest?.perSecond).toBeGreaterThan(4_300)
    expect(hottest?.perSecond).toBeLessThan(5_700)
    const [arc] = load.hotArcs(1, now)
    expect(arc?.arc).toBe(hashKey('hot') >>> 16)
    expect(load.askedBy('hot', 'a', now)).toBeGreaterThan(1_800)
    expect(load.total(now + 30 * HALF_LIFE_MS)).toBeLessThan(1)
  })
})
