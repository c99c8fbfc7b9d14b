import { expect, it } from 'vitest'
import { Silences } from './silences.ts'

it('passes over who was silent until something comes from him, or some time has passed', () => {
  const silences = new Silences()
  expect(silences.has('a', 10, 0)).toBe(false)
  silences.found('a', 10, 0)
  expect(silences.has('a', 10, 4_999)).toBe(true)
  expect(silences.has('b', 10, 4_999)).toBe(false)
  expect(silences.has('a', 10, 5_000)).toBe(false)
  silences.found('a', 10, 5_300)
  expect(silences.has('a', 11, 5_301)).toBe(false)
  expect(silences.any).toBe(false)
})
