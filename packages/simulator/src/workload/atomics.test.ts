import { Calls, NodeCore, Responder } from '@cachemesh/core'
import { describe, expect, it } from 'vitest'
import type { Fault, Scenario } from '../scenario/scenario.ts'
import { simulate } from '../simulate.ts'
import { story } from '../testing/scenarios.ts'
import type { CreateNode } from '../world/host.ts'
import type { CreateRequests } from './host-requests.ts'
import type { WorkloadPlan } from './plan.ts'

const BUSY: WorkloadPlan = {
  keys: 30,
  everyMs: 150,
  timeoutMs: 2_000,
  writes: 0.4,
  deletes: 0.05,
  valueBytesMax: 500,
  atomics: { counters: 3, increments: 0.35, compares: 0.2, batches: 0.05, tagged: 0.2, eraseEveryMs: 3_000 },
}

const CHANGES: readonly Fault[] = [
  { at: 4_000, kind: 'crash', host: 1, downMs: 1_000, memory: true },
  { at: 8_000, kind: 'leave', host: 2, downMs: 3_000, memory: false },
  { at: 12_000, kind: 'silent-cut', hosts: [3], ways: 'both', forMs: 10_000 },
]

const SEEDS = [0, 1]

function changing(seed: number): Scenario {
  const weather = { delayMs: 40, jitterMs: 60, announcementLoss: 0.5 }
  return story({
    seed,
    nodes: 5,
    weather,
    faults: CHANGES,
    startWithinMs: 8_000,
    calmAt: 25_000,
    workload: BUSY,
  })
}

/** Whether this checker goes red in a run with nodes or requests made so. */
function isFound(
  checker: string,
  made: { readonly createNode?: CreateNode; readonly createRequests?: CreateRequests },
): boolean {
  return SEEDS.some(seed => {
    const { violations } = simulate(changing(seed), made)
    return violations.some(violation => violation.checker === checker)
  })
}

describe('programs that count, compare, ask for many keys and erase', () => {
  it('are told nothing wrong while members come and go', () => {
    const all = SEEDS.map(seed => simulate(changing(seed)))
    expect(all.flatMap(({ violations }) => violations)).toEqual([])
    for (const how of ['counted', 'refused', 'done', 'hit'] as const) {
      expect(all.reduce((sum, { calls }) => sum + (calls[how] ?? 0), 0)).toBeGreaterThan(50)
    }
  })

  it('are found out when an increment is acknowledged and lost', () => {
    const losing: CreateNode = (options, at) => {
      const node = new NodeCore(options, at)
      const put = node.store.put.bind(node.store)
      let counted = 0
      node.store.put = (key, entry, now) => {
        if (!key.startsWith('counter') || ++counted % 5 !== 0) put(key, entry, now)
      }
      return node
    }
    expect(isFound('atomicity', { createNode: losing })).toBe(true)
  })

  it('are found out when a write in the place of a version does not look at it', () => {
    const careless: CreateRequests = (node, outlets) => {
      const calls = new Calls(node, outlets)
      const responder = new Responder(node, calls)
      const request = responder.request.bind(responder)
      responder.request = (from, frame, at) => {
        const { alteration } = frame
        frame.alteration = () => ({ ...alteration.call(frame), expected: 0 })
        request(from, frame, at)
        frame.alteration = alteration
      }
      return { calls, responder }
    }
    expect(isFound('atomicity', { createRequests: careless })).toBe(true)
  })

  it('are found out when a node does not look at what was erased', () => {
    const blind: CreateNode = (options, at) => {
      const node = new NodeCore(options, at)
      node.store.erasures.hide = () => false
      return node
    }
    expect(isFound('erased', { createNode: blind })).toBe(true)
  })
})
