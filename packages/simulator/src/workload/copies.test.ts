import { Calls, type NodeParts, Responder } from '@cachemesh/core'
import { describe, expect, it } from 'vitest'
import type { Scenario } from '../scenario/scenario.ts'
import { simulate } from '../simulate.ts'
import { story } from '../testing/scenarios.ts'
import { type CreateRequests, realRequests } from './host-requests.ts'

const LEASE_MS = 1_000

/** Few keys, read and written by all, while members are cut off from each other, stand still and come back. */
function copying(seed: number, batches = 0): Scenario {
  return story({
    seed,
    nodes: 5,
    weather: { delayMs: 20, jitterMs: 30 },
    faults: [
      { at: 5_000, kind: 'silent-cut', hosts: [1], ways: 'both', forMs: 2_500 },
      { at: 10_000, kind: 'freeze', host: 2, forMs: 2_500 },
      { at: 15_000, kind: 'silent-cut', hosts: [3], ways: 'both', forMs: 2_500 },
      { at: 20_000, kind: 'crash', host: 4, downMs: 2_000, memory: true },
    ],
    calmAt: 26_000,
    workload: {
      ...{
        keys: batches === 1 ? 60 : 6,
        everyMs: 60,
        timeoutMs: 1_000,
        writes: 0.15,
        deletes: 0.05,
        valueBytesMax: 200,
      },
      leaseMs: LEASE_MS,
      ...(batches > 0 && {
        atomics: { counters: 1, increments: 0, compares: 0, batches, tagged: 0, eraseEveryMs: 1e9 },
      }),
    },
  })
}

const SEEDS = [1, 2, 3, 4]

function found(createRequests: CreateRequests, batches = 0): readonly string[] {
  return SEEDS.flatMap(seed =>
    simulate(copying(seed, batches), { createRequests }).violations.map(({ checker }) => checker),
  )
}

describe('copies', () => {
  it('are never older than their lease, whoever is cut off, stands still or dies', () => {
    expect(found(realRequests)).toEqual([])
    expect(found(realRequests, 0.1)).toEqual([])
  })

  it.each([0, 1])('that do not end by themselves are found out, %d of them in batches', batches => {
    const endless: CreateRequests = (node: NodeParts, outlets) => {
      const { held } = node.copying
      const keep = held.keep.bind(held)
      held.keep = (key, granted, now) => keep(key, { ...granted, leaseMs: 1e9 }, now)
      const calls = new Calls(node, outlets)
      return { calls, responder: new Responder(node, calls) }
    }
    expect(found(endless, batches)).toContain('staleness')
  })

  it('that nobody is told of are found out when their lease is long', () => {
    const silent: CreateRequests = (node, outlets) => {
      const { held } = node.copying
      held.drop = () => {}
      const keep = held.keep.bind(held)
      held.keep = (key, granted, now) => keep(key, { ...granted, leaseMs: 3 * LEASE_MS }, now)
      const calls = new Calls(node, outlets)
      return { calls, responder: new Responder(node, calls) }
    }
    expect(found(silent)).toContain('staleness')
  })
})
