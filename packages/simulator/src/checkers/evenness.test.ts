import { describe, expect, it } from 'vitest'
import { namedScenario } from '../scenario/named.ts'
import type { Fault } from '../scenario/scenario.ts'
import { type Outcome, simulate } from '../simulate.ts'

describe('a mesh in which one key is a third of all that is asked for', () => {
  it('shares it between two nodes, with nothing stale or lost', () => {
    const scenario = namedScenario('shared', { seed: 2, nodes: 5, durationMs: 120_000 })
    const { spread, violations } = simulate(scenario)
    expect(violations).toEqual([])
    expect(spread).toBeLessThanOrEqual(1.6)
  }, 120_000)
})

function play(...faults: readonly Fault[]): Outcome {
  const scenario = namedScenario('zipf', { seed: 3, nodes: 5, durationMs: 120_000 })
  return simulate({ ...scenario, faults: [...faults, ...scenario.faults] })
}

describe('a mesh that is asked as in Zipf’s law', () => {
  it('evens out by itself, and nothing else goes wrong with it', () => {
    const { spread, violations } = play()
    expect(violations).toEqual([])
    expect(spread).toBeLessThanOrEqual(1.3)
  }, 120_000)

  it('does not where the configuration says that arcs stay where they are', () => {
    const { spread, violations } = play({ at: 1_000, kind: 'setting', host: 0, name: 'loadBound', value: 0 })
    expect(violations.map(({ checker }) => checker)).toEqual(['evenness'])
    expect(spread).toBeGreaterThan(1.3)
  }, 120_000)
})
