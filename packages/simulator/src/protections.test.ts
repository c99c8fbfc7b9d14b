// Each protection of a node has a story that goes wrong without it and well with it: what is never missed when it
// is gone protects nobody. One more protection of requests is in workload/workload.test.ts.
import { NodeCore } from '@cachemesh/core'
import { describe, expect, it } from 'vitest'
import { namedScenario } from './scenario/named.ts'
import { PROTECTIONS, type Protection } from './scenario/protections.ts'
import type { Fault, Scenario } from './scenario/scenario.ts'
import { type Outcome, simulate } from './simulate.ts'
import { story } from './testing/scenarios.ts'
import type { CreateNode } from './world/host.ts'

/** A mesh that has been whole for long, and what happens to it from 20 s on. */
function whole(nodes: number, faults: readonly Fault[], { seed = 1 } = {}): Scenario {
  const healthy = namedScenario('healthy', { seed, nodes, durationMs: 90_000 })
  return { ...healthy, faults, measures: {} }
}

function play(scenario: Scenario, lacking?: Protection): Outcome {
  return simulate(lacking === undefined ? scenario : { ...scenario, rules: PROTECTIONS[lacking] })
}

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8]

const freeze = (host: number, at: number, forMs: number): Fault => ({ at, kind: 'freeze', host, forMs })

const removals = ({ removals }: Outcome): number => removals

describe('without it, and with it:', () => {
  it('refutation: a node that comes back in time to answer is removed', () => {
    const scenario = whole(3, [freeze(1, 20_000, 4_200)])
    expect(removals(play(scenario, 'refutation'))).toBe(1)
    expect(removals(play(scenario))).toBe(0)
  })

  it('accusers: one node that cannot reach another has it removed while that is busy for a moment', () => {
    const removedIn = (seed: number, lacking?: Protection): number => {
      const parted: Fault = { at: 20_000, kind: 'part', hosts: [0, 1], ways: 'both', forMs: 8_000 }
      return removals(play(whole(3, [parted, freeze(1, 22_200, 3_400)], { seed }), lacking))
    }
    expect(SEEDS.reduce((sum, seed) => sum + removedIn(seed, 'accusers'), 0)).toBeGreaterThan(0)
    expect(SEEDS.reduce((sum, seed) => sum + removedIn(seed), 0)).toBe(0)
  })

  it('helpers: nodes on two sides of a parted pair accuse each other', () => {
    const scenario = whole(3, [{ at: 20_000, kind: 'part', hosts: [0, 1], ways: 'both', forMs: 8_000 }])
    expect(play(scenario, 'helpers').falseAccusations).toBeGreaterThan(0)
    expect(play(scenario).falseAccusations).toBe(0)
  })

  it('local health: a node that pauses takes all others for silent', () => {
    const faults: Fault[] = [
      { at: 20_000, kind: 'starve', host: 1, forMs: 25_000, pauseMs: 2_000, betweenMs: 200 },
    ]
    const scenario = whole(3, faults)
    const lacking = play(scenario, 'local-health').falseChecks
    expect(lacking).toBeGreaterThanOrEqual(10)
    expect(play(scenario).falseChecks).toBeLessThanOrEqual(lacking / 10)
  })

  it('slow rule: a minority is stuck with those it cannot reach', () => {
    const cut: Fault = { at: 20_000, kind: 'silent-cut', hosts: [0, 1], ways: 'both', forMs: 20_000 }
    const scenario = { ...whole(5, [cut]), measures: { detection: { withinMs: 12_000, watchers: [0, 1] } } }
    const stuck = expect.objectContaining({ checker: 'detection' })
    expect(play(scenario, 'slow-rule').violations).toContainEqual(stuck)
    expect(play(scenario).violations).toEqual([])
  })

  it('hold: when a cut is healed, rings lose members of their own side', () => {
    const cut: Fault = { at: 20_000, kind: 'silent-cut', hosts: [0, 1, 2], ways: 'both', forMs: 20_000 }
    const scenario = { ...whole(6, [cut]), calmAt: 40_000, measures: { heal: { withinMs: 10_000 } } }
    const lacking = play(scenario, 'hold')
    expect(lacking.smallestRing).toBeLessThan(1)
    expect(lacking.violations).toContainEqual(expect.objectContaining({ checker: 'healing' }))
    expect(play(scenario)).toMatchObject({ smallestRing: 1, violations: [] })
  })

  it('horizon: a node that slept brings back the dead whose tombstones were dropped', () => {
    const never = Number.POSITIVE_INFINITY
    const faults: Fault[] = [
      { at: 10_000, kind: 'power-loss', host: 3, downMs: 50_000, memory: true },
      { at: 20_000, kind: 'power-loss', host: 2, downMs: never, memory: false },
      { at: 40_000, kind: 'leave', host: 5, downMs: never, memory: false },
      { at: 42_000, kind: 'leave', host: 6, downMs: never, memory: false },
    ]
    // Who started later has the later claim: these two tombstones are the last that are kept.
    const sleep = story({ seed: 1, nodes: 7, startWithinMs: 5_000, faults, calmAt: 60_000 })
    const { horizon: _, ...few } = PROTECTIONS.horizon
    const { violations } = play(sleep, 'horizon')
    expect(violations).toContainEqual(
      expect.objectContaining({ checker: 'never-backwards', what: expect.stringContaining('came back') }),
    )
    expect(simulate({ ...sleep, rules: few }).violations).toEqual([])
  })

  it('anti-entropy: who missed the news, and overlooks what frames say of it, never hears of it', () => {
    const blind: CreateNode = (options, at) => {
      const node = new NodeCore(options, at)
      const step = node.step.bind(node)
      node.step = (input, now) => (input.kind === 'stamp' ? [] : step(input, now))
      return node
    }
    const cut: Fault = { at: 7_000, kind: 'silent-cut', hosts: [2], ways: 'both', forMs: 1_000 }
    const news: Fault = { at: 7_500, kind: 'gateway', host: 0, port: 8_080 }
    const scenario = { ...whole(3, [cut, news]), calmAt: 8_000, endsAt: 48_000 }
    const lacking = { ...scenario, rules: PROTECTIONS['anti-entropy'] }
    const unsettled = expect.objectContaining({ checker: 'settlement' })
    expect(simulate(lacking, { createNode: blind }).violations).toEqual([unsettled])
    expect(simulate(scenario, { createNode: blind }).violations).toEqual([])
  })

  it('fencing: a node that stood still for long answers for certain from what it held before', () => {
    const workload = {
      keys: 30,
      everyMs: 40,
      timeoutMs: 1_000,
      writes: 0.4,
      deletes: 0.05,
      valueBytesMax: 100,
    }
    const scenario = { ...whole(3, [freeze(1, 20_000, 10_000)]), endsAt: 40_000, workload }
    const found = expect.objectContaining({ checker: 'pauses' })
    expect(play(scenario, 'fencing').violations).toContainEqual(found)
    expect(play(scenario).violations).toEqual([])
  })

  it('transfers: what a node that leaves held is lost', () => {
    const scenario = namedScenario('hand-off', { seed: 1, nodes: 3, durationMs: 60_000 })
    const lost = expect.objectContaining({ checker: 'losses' })
    expect(play(scenario, 'transfers').violations).toContainEqual(lost)
    expect(play(scenario).violations).toEqual([])
  })

  it('replicas: what was acknowledged goes with the member that held it', () => {
    const scenario = namedScenario('replicas', { seed: 1, nodes: 3, durationMs: 60_000 })
    const faults = scenario.faults.filter(({ kind }) => kind !== 'setting')
    const lost = expect.objectContaining({ checker: 'losses' })
    expect(play({ ...scenario, faults }).violations).toContainEqual(lost)
    expect(play(scenario).violations).toEqual([])
  })
})
