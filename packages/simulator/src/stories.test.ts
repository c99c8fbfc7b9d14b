// Named scenarios: each is something that happens to a mesh, and how long it may take to be whole again.
import { NodeCore } from '@cachemesh/core'
import { describe, expect, it } from 'vitest'
import { drawScenario } from './scenario/draw.ts'
import { namedScenario } from './scenario/named.ts'
import { PROTECTIONS } from './scenario/protections.ts'
import type { Fault } from './scenario/scenario.ts'
import { type Outcome, simulate } from './simulate.ts'
import { story } from './testing/scenarios.ts'
import type { CreateNode } from './world/host.ts'

const SEEDS = [1, 2, 3, 4, 5]

function play(stories: (seed: number) => ReturnType<typeof story>): Outcome[] {
  const outcomes = SEEDS.map(seed => simulate(stories(seed)))
  expect(outcomes.flatMap(({ violations }) => violations)).toEqual([])
  return outcomes
}

function slowest(outcomes: readonly Outcome[]): number {
  return Math.max(...outcomes.map(({ settledAfterMs }) => settledAfterMs ?? Number.POSITIVE_INFINITY))
}

describe('a mesh', () => {
  it.each([3, 10])('of %i nodes started at once is one within two seconds of the last start', nodes => {
    expect(slowest(play(seed => story({ seed, nodes, startWithinMs: 50, calmAt: 50 })))).toBeLessThan(2_000)
  })

  it('is one as fast when gossip carries nothing', () => {
    const silent = { announcementLoss: 1 }
    const outcomes = play(seed =>
      story({ seed, nodes: 10, weather: silent, startWithinMs: 50, calmAt: 2_000 }),
    )
    expect(slowest(outcomes)).toBe(0)
  })

  it('is whole again after it was cut in two, however long', () => {
    const cut: Fault = { at: 3_000, kind: 'cut', hosts: [0, 1, 2], forMs: 100_000 }
    // Each side goes on: a gateway opens on both.
    const faults: Fault[] = [
      cut,
      { at: 50_000, kind: 'gateway', host: 1, port: 8_001 },
      { at: 60_000, kind: 'gateway', host: 4, port: 8_004 },
    ]
    expect(slowest(play(seed => story({ seed, nodes: 6, faults, calmAt: 103_000 })))).toBeLessThan(10_000)
  })

  it('keeps what both sides of a cut have agreed on, and of one setting what was written more often', () => {
    const set = (host: number, name: string, value: number) =>
      ({ at: 50_000 + 1_000 * value, kind: 'setting', host, name, value }) as const
    const faults: Fault[] = [
      { at: 3_000, kind: 'cut', hosts: [0, 1, 2], forMs: 100_000 },
      ...[
        set(1, 'ttlMs', 1),
        set(4, 'leaseMs', 2),
        set(2, 'later', 3),
        set(0, 'later', 4),
        set(5, 'later', 5),
      ],
    ]
    for (const seed of SEEDS) {
      const cores: NodeCore[] = []
      const createNode: CreateNode = (options, at) => {
        const core = new NodeCore(options, at)
        cores.push(core)
        return core
      }
      const { violations } = simulate(story({ seed, nodes: 6, faults, calmAt: 103_000 }), { createNode })
      expect(violations).toEqual([])
      for (const { configuration } of cores) {
        const said = configuration.registers.map(({ name, json }) => `${name} ${json}`)
        expect(said).toEqual(['settings/later 4', 'settings/leaseMs 2', 'settings/ttlMs 1'])
      }
    }
  })

  it('finds itself again when all nodes restart at once with their memory and one node is a seed', () => {
    const faults = [0, 1, 2, 3, 4].map(
      host => ({ at: 10_000 + host, kind: 'crash', host, downMs: 5_000, memory: true }) as const,
    )
    expect(slowest(play(seed => story({ seed, nodes: 5, faults, calmAt: 20_000 })))).toBe(0)
  })

  it('lets a node find it by memory alone, at the last addresses it knew, when its seed is gone', () => {
    const faults: Fault[] = [
      { at: 5_000, kind: 'crash', host: 0, downMs: Number.POSITIVE_INFINITY, memory: false },
      { at: 6_000, kind: 'crash', host: 2, downMs: 1_000, memory: true },
    ]
    expect(slowest(play(seed => story({ seed, nodes: 4, faults, calmAt: 12_000 })))).toBeLessThan(5_000)
  })

  it('follows a node that restarts without memory at another address', () => {
    const moved: Fault = {
      at: 5_000,
      kind: 'crash',
      host: 2,
      downMs: 100,
      memory: false,
      movesTo: '10.9.9.9:7400',
    }
    expect(slowest(play(seed => story({ seed, nodes: 4, faults: [moved], calmAt: 12_000 })))).toBe(0)
  })
})

describe('a node that gets a tenth of a processor', () => {
  it.each([3, 10])('stays a member of %i, and takes nobody for silent', nodes => {
    const starved: Fault = {
      at: 10_000,
      kind: 'starve',
      host: 1,
      forMs: 50_000,
      pauseMs: 2_000,
      betweenMs: 200,
    }
    const healthy = namedScenario('healthy', { seed: 1, nodes, durationMs: 100_000 })
    const { violations, removals, falseAccusations } = simulate({ ...healthy, faults: [starved] })
    expect({ violations, removals, falseAccusations }).toEqual({
      violations: [],
      removals: 0,
      falseAccusations: 0,
    })
  })
})

describe('a node that leaves', () => {
  it('is known to have left by all others within a second', () => {
    const leave: Fault = {
      at: 5_000,
      kind: 'leave',
      host: 2,
      downMs: Number.POSITIVE_INFINITY,
      memory: false,
    }
    const outcomes = play(seed => story({ seed, nodes: 4, faults: [leave], calmAt: 5_000 }))
    expect(slowest(outcomes)).toBeLessThan(1_000)
    for (const { members } of outcomes) {
      expect(members.map(({ state }) => state).sort()).toEqual(['active', 'active', 'active', 'left'])
    }
  })

  it.each([true, false])('comes back as a new incarnation, memory kept: %s', memory => {
    const leave: Fault = { at: 5_000, kind: 'leave', host: 2, downMs: 3_000, memory }
    for (const { members } of play(seed => story({ seed, nodes: 4, faults: [leave], calmAt: 12_000 }))) {
      expect(members.map(({ state }) => state)).toEqual(['active', 'active', 'active', 'active'])
      expect(members.map(({ incarnation }) => incarnation).sort()).toEqual([1, 1, 1, 2])
    }
  })
})

describe('seeds that failed once', () => {
  it.each([
    { seed: 1, why: 'a remembered configuration was not in the reserved partition until it changed' },
    { seed: 62, why: 'a remembered configuration had no ring and a blank stamp until it changed' },
    { seed: 7, why: 'a node that had left asked for one tick after the other to dial nobody' },
    {
      seed: 40_002,
      nodes: 8,
      minutes: 1.5,
      why: 'all seemed settled while an accusation was on its way to a node that had just started again',
    },
    {
      seed: 172,
      nodes: 7,
      minutes: 10,
      why: 'one side of a cut refused what was deleted on the other, whose clocks were two minutes ahead',
    },
    {
      seed: 212,
      nodes: 7,
      minutes: 10,
      why: 'what was left of a write in the place of its owner came back when that had forgotten, with a crash, its delete',
    },
    {
      seed: 137,
      minutes: 10,
      why: 'a read waited to its deadline for a link to a member that may have known more, though others could be asked',
    },
    {
      seed: 445,
      nodes: 8,
      minutes: 10,
      why: 'who had paused answered an accusation, which hid from it that it had been removed, and was proven at once',
    },
  ])('$seed: $why', ({ seed, nodes = 4, minutes = 1 }) => {
    const outcome = simulate(drawScenario({ seed, nodes, durationMs: minutes * 60_000 }))
    expect(outcome.violations).toEqual([])
  })
})

it('seed 22: who answers an accusation before it hears that it was removed knows less than others all the same', () => {
  const scenario = namedScenario('storm-replicas', { seed: 22, nodes: 5, durationMs: 180_000 })
  const { herds: _, ...plan } = scenario.workload as NonNullable<typeof scenario.workload>
  const { violations } = simulate({ ...scenario, workload: { ...plan, everyMs: 150, deletes: 0.1 } })
  expect(violations).toEqual([])
})

describe('a member that leaves and comes back while single frames get lost', () => {
  it.each([
    { seed: 1, loss: 0.05, why: 'the process ended before the others had what it held' },
    {
      seed: 23,
      loss: 0.3,
      why: 'what a member kept once in the place of the owner came before what that owner has',
    },
    { seed: 40, loss: 0.3, why: 'the same' },
  ])('loses nothing: $seed, $why', ({ seed, loss }) => {
    const scenario = namedScenario('hand-off', { seed, nodes: 5, durationMs: 60_000, loss })
    expect(simulate(scenario).violations).toEqual([])
  })
})

describe('a mesh with spare members', () => {
  it('has answers to everything while all are gone who own anything', () => {
    for (const seed of [1, 2, 3]) {
      const { violations, calls } = simulate(namedScenario('spare', { seed, nodes: 4, durationMs: 60_000 }))
      expect(violations).toEqual([])
      expect(calls).toMatchObject({ hit: expect.any(Number), done: expect.any(Number) })
      expect(calls.ERR_UNAVAILABLE).toBeUndefined()
    }
  })
})

describe('a mesh whose keys are rearranged again and again', () => {
  it('loses nothing, and shows nothing as it was before', () => {
    for (const seed of [1, 2, 3]) {
      const scenario = namedScenario('partitions', { seed, nodes: 5, durationMs: 70_000 })
      expect(simulate(scenario).violations).toEqual([])
    }
  })
})

describe('a member that has too much to do', () => {
  it('refuses early, is no burden to others, and its reads are answered where there are replicas', () => {
    for (const seed of [1, 2, 3]) {
      const scenario = namedScenario('overload', { seed, nodes: 4, durationMs: 70_000 })
      expect(simulate(scenario).violations).toEqual([])
    }
  })

  it('is found out when it refuses nobody', () => {
    const scenario = namedScenario('overload', { seed: 1, nodes: 4, durationMs: 70_000 })
    const { violations } = simulate({ ...scenario, rules: { lateMs: 1e9 } })
    expect(violations).toContainEqual(expect.objectContaining({ checker: 'overload' }))
  })
})

describe('a mesh in which replicas answer for owners', () => {
  it('does not wait for one that is slow', () => {
    const scenario = namedScenario('slow-node', { seed: 1, nodes: 4, durationMs: 90_000 })
    const [quick = 0, waiting = 0] = [scenario, { ...scenario, rules: PROTECTIONS.hedges }].map(it => {
      const { violations, readMs } = simulate(it)
      expect(violations).toEqual([])
      return [...readMs].sort((x, y) => x - y)[Math.floor(0.99 * readMs.length)] as number
    })
    expect(quick).toBeLessThan(waiting / 4)
    expect(waiting).toBeGreaterThan(100)
  })

  it.each([
    { seed: 59, why: 'a member had become a replica a moment ago' },
    { seed: 100, why: 'one that stood still before it met the others knew nothing of what they wrote' },
    {
      seed: 33,
      nodes: 5,
      why: 'a replica had evicted an entry, and got one before it from who once stood in',
    },
  ])('reads nothing older than what was acknowledged: $seed, $why', ({ seed, nodes = 6 }) => {
    const scenario = namedScenario('storm-replicas', { seed, nodes, durationMs: 120_000 })
    expect(simulate(scenario).violations).toEqual([])
  })
})
