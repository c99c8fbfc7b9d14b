import { expect, it } from 'vitest'
import { isInCharge } from './charge.ts'

it('is the owner who orders writes, or the next when all before it failed, and nobody else', () => {
  const list = ['a', 'b', 'c']
  const inCharge = (failed: readonly string[]): string[] =>
    ['a', 'b', 'c', 'x'].filter(member => isInCharge(list, member, failed))
  expect(inCharge([])).toEqual(['a'])
  expect(inCharge(['a'])).toEqual(['a', 'b'])
  expect(inCharge(['a', 'b'])).toEqual(['a', 'b', 'c'])
  // Others that failed say nothing about this key.
  expect(inCharge(['b', 'x'])).toEqual(['a'])
  expect(isInCharge([], 'a', [])).toBe(false)
})
