import { type Call, Calls, type Instant, type NodeParts, Placement, Responder } from '@cachemesh/core'
import { CacheMeshError } from '@cachemesh/protocol'
import { describe, expect, it } from 'vitest'
import { drawScenario } from '../scenario/draw.ts'
import type { Fault, Scenario } from '../scenario/scenario.ts'
import { simulate } from '../simulate.ts'
import { BUSY, COMING_AND_GOING, story } from '../testing/scenarios.ts'
import { type CreateRequests, realRequests } from './host-requests.ts'

/** Members come and go, and what one thinks of the ring the others do not think yet. */
const CHANGES: readonly Fault[] = [
  ...COMING_AND_GOING,
  { at: 15_000, kind: 'silent-cut', hosts: [4], ways: 'both', forMs: 12_000 },
  { at: 17_000, kind: 'power-loss', host: 0, downMs: 9_000, memory: true },
]

function changing(seed: number): Scenario {
  // Whoever starts late, and hears of changes late, has an old view of the ring for long.
  const weather = { delayMs: 60, jitterMs: 80, announcementLoss: 0.5 }
  return story({
    seed,
    nodes: 6,
    weather,
    faults: CHANGES,
    startWithinMs: 10_000,
    calmAt: 30_000,
    workload: BUSY,
  })
}

const SEEDS = [0, 1, 2, 3, 4, 5]

/** Members join one after the other; some hear of it later than others, and all write all the time. */
function growing(seed: number): Scenario {
  const weather = { delayMs: 60, jitterMs: 80, announcementLoss: 1 }
  const workload = { ...BUSY, everyMs: 50, writes: 0.9 }
  return story({ seed, nodes: 8, weather, startWithinMs: 15_000, calmAt: 16_000, workload })
}

/** Whether this checker goes red in a run with requests made so. */
function isFound(checker: string, createRequests: CreateRequests, scenario = changing): boolean {
  return SEEDS.some(seed => {
    const { violations } = simulate(scenario(seed), { createRequests })
    return violations.some(violation => violation.checker === checker)
  })
}

describe('programs', () => {
  it('are told nothing wrong while members come and go, and ask a great deal', () => {
    const all = SEEDS.map(seed => simulate(changing(seed)))
    expect(all.flatMap(({ violations }) => violations)).toEqual([])
    const sums = new Map<string, number>()
    for (const { calls } of all)
      for (const [how, count] of Object.entries(calls)) sums.set(how, (sums.get(how) ?? 0) + count)
    for (const how of ['hit', 'miss', 'done', 'ERR_TIMEOUT', 'ERR_UNAVAILABLE'])
      expect([how, sums.get(how)]).toEqual([how, expect.any(Number)])
    expect(sums.get('hit')).toBeGreaterThan(500)
  })

  it('are a part of the run that a seed gives again bit by bit', () => {
    const scenario = { ...drawScenario({ seed: 4, nodes: 5, durationMs: 60_000 }), workload: BUSY }
    expect(simulate(scenario)).toEqual(simulate(scenario))
    const others = { ...scenario, workload: { ...BUSY, writes: 0.41 } }
    expect(simulate(others).traceDigest).not.toBe(simulate(scenario).traceDigest)
  })
})

describe('requests that lack something are found out:', () => {
  it('without fencing a node carries out what it does not own any more', () => {
    const unfenced: CreateRequests = (node, outlets) => {
      const placement = new Placement(node.id)
      placement.owns = () => true
      const calls = new Calls(node, outlets)
      return { calls, responder: new Responder(seen(node, { placement }), calls) }
    }
    expect(isFound('certainty', unfenced, growing)).toBe(true)
    expect(isFound('certainty', realRequests, growing)).toBe(false)
  })

  it('without counting hops a request goes on and on', () => {
    class Forgetful extends Calls {
      override dispatch(call: Call, at: Instant): void {
        const hops: readonly string[] = []
        super.dispatch(Object.defineProperty(call, 'hops', { value: hops }), at)
      }
    }
    const found = isFound('hops', (node, outlets) => {
      const calls = new Forgetful(node, outlets)
      return { calls, responder: new Responder(node, calls) }
    })
    expect(found).toBe(true)
  })

  it('without fail-over nobody is there for the keys of a member that is gone', () => {
    class Stubborn extends Calls {
      override dispatch(call: Call, at: Instant): void {
        if (call.to === '') super.dispatch(call, at)
        else call.failedWith(new CacheMeshError('ERR_UNAVAILABLE', 'The owner did not answer'))
      }
    }
    const found = isFound('standing-in', (node, outlets) => {
      const calls = new Stubborn(node, outlets)
      return { calls, responder: new Responder(node, calls) }
    })
    expect(found).toBe(true)
  })

  it('without deadlines a call waits for ever', () => {
    class Patient extends Calls {
      override sweep(): void {}
    }
    const found = isFound('in-time', (node, outlets) => {
      const calls = new Patient(node, outlets)
      return { calls, responder: new Responder(node, calls) }
    })
    expect(found).toBe(true)
  })

  it('when it is not said that somebody stood in, misses are certain that are not', () => {
    const found = isFound('certainty', (node, outlets) => {
      const calls = new Calls(node, outlets)
      const { dispatch } = calls
      calls.dispatch = (call, at) => {
        const { served } = call
        call.served = (as, then, acknowledging) =>
          served.call(call, as === 'stand-in' ? 'owner' : as, then, acknowledging)
        dispatch.call(calls, call, at)
      }
      return { calls, responder: new Responder(node, calls) }
    })
    expect(found).toBe(true)
  })
})

/** What the node is, but for some of it. */
function seen(node: NodeParts, parts: Partial<NodeParts>): NodeParts {
  return new Proxy(node, {
    get: (target, name) =>
      name in parts ? parts[name as keyof NodeParts] : Reflect.get(target, name, target),
  })
}
