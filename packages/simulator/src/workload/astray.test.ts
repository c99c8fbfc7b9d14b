import { type Call, Calls, type Instant, Lookup, type Outlet, Responder } from '@cachemesh/core'
import { describe, expect, it } from 'vitest'
import type { Fault } from '../scenario/scenario.ts'
import { simulate } from '../simulate.ts'
import { BUSY, COMING_AND_GOING, story } from '../testing/scenarios.ts'
import type { CreateRequests } from './host-requests.ts'

const CHANGES: readonly Fault[] = [
  ...COMING_AND_GOING,
  { at: 15_000, kind: 'silent-cut', hosts: [4], ways: 'both', forMs: 9_000 },
]

/** Every get of another's key is asked of each member in turn, whoever owns it. */
function astray(): { readonly createRequests: CreateRequests; readonly straight: () => number } {
  let straight = 0
  const createRequests: CreateRequests = (node, outlets) => {
    let turn = 0
    class Astray extends Calls {
      override dispatch(call: Call, at: Instant): void {
        const { hash, key } = call.request
        const peers = [...outlets.links.keys()]
        const strays = call instanceof Lookup && call.to === '' && !node.placement.owns(hash, key)
        if (!strays || peers.length === 0) {
          super.dispatch(call, at)
          return
        }
        const only = { value: peers[turn++ % peers.length], configurable: true, writable: true }
        super.dispatch(Object.defineProperty(call, 'only', only), at)
        // Should it have to be sent again, then to its owner.
        Object.assign(call, { only: undefined })
      }

      override settle(by: Outlet, id: number): void {
        straight++
        super.settle(by, id)
      }
    }
    const calls = new Astray(node, outlets)
    return { calls, responder: new Responder(node, calls) }
  }
  return { createRequests, straight: () => straight }
}

describe('gets that are asked of the wrong member', () => {
  it('are answered by the owners, and with nothing wrong, while members come and go', () => {
    const { createRequests, straight } = astray()
    const weather = { delayMs: 10, jitterMs: 20, announcementLoss: 0.2 }
    for (const seed of [1, 2]) {
      const scenario = story({
        seed,
        nodes: 6,
        weather,
        faults: CHANGES,
        startWithinMs: 3_000,
        calmAt: 26_000,
        workload: { ...BUSY, everyMs: 100, writes: 0.3 },
      })
      const { violations, calls } = simulate(scenario, { createRequests })
      expect(violations).toEqual([])
      expect(calls.hit).toBeGreaterThan(500)
    }
    expect(straight()).toBeGreaterThan(1_000)
  })
})
