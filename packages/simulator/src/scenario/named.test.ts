import { expect, it } from 'vitest'
import { simulate } from '../simulate.ts'
import { namedScenario } from './named.ts'

it('an established mesh has nothing to write when it starts', () => {
  const outcome = simulate(namedScenario('healthy', { seed: 1, nodes: 12, durationMs: 60_000 }))
  expect(outcome).toMatchObject({ violations: [], authored: 0, serial: 1, falseRemovals: 0 })
  expect(outcome.members.map(({ state }) => state)).toEqual(Array(12).fill('active'))
})

it('a change takes at least one round, and is measured at everybody', () => {
  const { convergenceMs, rounds, authored } = simulate(
    namedScenario('change', { seed: 1, nodes: 8, durationMs: 90_000 }),
  )
  expect(convergenceMs.length).toBe(authored)
  expect(Math.min(...rounds)).toBeGreaterThanOrEqual(1)
  expect(Math.max(...rounds)).toBeLessThanOrEqual(6)
})

it('a heal is one text again at everybody, with nobody missing meanwhile', () => {
  const { healMs, smallestRing, violations } = simulate(
    namedScenario('heal', { seed: 2, nodes: 6, durationMs: 60_000 }),
  )
  expect({ heals: healMs.length, smallestRing, violations }).toEqual({
    heals: 1,
    smallestRing: 1,
    violations: [],
  })
})
