import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Random } from './random.ts'

const anySeed = fc.nat(Number.MAX_SAFE_INTEGER)

it('is a function of its seed, all 53 bits of it', () => {
  const numbers = (seed: number): number[] => {
    const random = new Random(seed)
    return Array.from({ length: 5 }, () => random.fraction())
  }
  fc.assert(
    fc.property(anySeed, fc.nat(52), (seed, bit) => {
      const other = Number(BigInt(seed) ^ (1n << BigInt(bit)))
      expect(numbers(seed)).toEqual(numbers(seed))
      expect(numbers(other)).not.toEqual(numbers(seed))
    }),
  )
})

it('stays within bounds and reaches all of them', () => {
  const random = new Random(42)
  const counts = new Array<number>(10).fill(0)
  for (let i = 0; i < 20_000; i++) {
    const fraction = random.fraction()
    expect(fraction >= 0 && fraction < 1).toBe(true)
    counts[random.below(10)]!++
    const jittered = random.jittered(1_000)
    expect(jittered >= 500 && jittered < 1_000).toBe(true)
  }
  // 2,000 each, give or take five standard deviations.
  for (const count of counts) expect(Math.abs(count - 2_000)).toBeLessThan(5 * Math.sqrt(2_000 * 0.9))
})
