import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Dice } from './dice.ts'

const anySeed = fc.nat(2 ** 31)

it('rolls the same for one seed and purpose, and something else for others', () => {
  const rolls = (dice: Dice): number[] => Array.from({ length: 8 }, () => dice.below(1_000_000))
  fc.assert(
    fc.property(anySeed, seed => {
      expect(rolls(new Dice(seed, 'world'))).toEqual(rolls(new Dice(seed, 'world')))
      expect(rolls(new Dice(seed, 'world'))).not.toEqual(rolls(new Dice(seed, 'troubles')))
      expect(rolls(new Dice(seed, 'world'))).not.toEqual(rolls(new Dice(seed + 1, 'world')))
      expect(rolls(new Dice(seed, 'world').fork())).not.toEqual(rolls(new Dice(seed, 'world')))
    }),
  )
})

it('stays within bounds', () => {
  fc.assert(
    fc.property(anySeed, fc.array(fc.nat(), { maxLength: 9 }), fc.nat(12), (seed, list, count) => {
      const dice = new Dice(seed, 'scenario')
      const sample = dice.sample([...list.keys()], count)
      expect(new Set(sample).size).toBe(Math.min(count, list.length))
      const between = dice.between(-3, 4)
      expect(between).toBeGreaterThanOrEqual(-3)
      expect(between).toBeLessThan(4)
      const magnitude = dice.magnitude(0.1, 100)
      expect(magnitude).toBeGreaterThanOrEqual(0.1)
      expect(magnitude).toBeLessThan(100)
      expect(dice.chance(0)).toBe(false)
      expect(dice.chance(1)).toBe(true)
    }),
  )
})
