import { type Call, Calls, type Instant, NodeCore, Responder } from '@cachemesh/core'
import { describe, expect, it } from 'vitest'
import type { Fault, Scenario } from '../scenario/scenario.ts'
import { type Outcome, simulate } from '../simulate.ts'
import { story } from '../testing/scenarios.ts'
import type { CreateNode } from '../world/host.ts'
import type { HerdPlan } from './herd-plan.ts'
import type { CreateRequests } from './host-requests.ts'
import type { WorkloadPlan } from './plan.ts'

const HERDS: HerdPlan = {
  herds: 5,
  callers: 1_000,
  withinMs: 50,
  loadMsMax: 200,
  ownLoaders: false,
  written: 0,
}

/** Programs that do nothing else. */
const ALONE: WorkloadPlan = {
  keys: 1,
  everyMs: 1e9,
  timeoutMs: 5_000,
  writes: 0,
  deletes: 0,
  valueBytesMax: 10,
  herds: HERDS,
}

function herding(seed: number, plan: Partial<HerdPlan> = {}, faults: readonly Fault[] = []): Scenario {
  const workload = { ...ALONE, herds: { ...HERDS, ...plan } }
  return story({ seed, nodes: 5, calmAt: 30_000, faults, workload })
}

function loadsOf({ herdLoads }: Outcome): readonly number[] {
  return herdLoads
}

describe('a herd of 1,000 callers on five nodes', () => {
  it.each([false, true])('loads once while the ring is as it is; loaders at the owner: %s', ownLoaders => {
    for (const seed of [1, 2]) {
      const outcome = simulate(herding(seed, { ownLoaders, herds: 2 }))
      expect(outcome.violations).toEqual([])
      expect(loadsOf(outcome)).toEqual([1, 1, 1])
      expect(outcome.calls).toEqual({ hit: 3_000, miss: 5 })
    }
  })

  it.each(['crash', 'power-loss'] as const)(
    'loads once more at most for each that dies with it: %s',
    kind => {
      const faults = [0, 1, 2, 3, 4].map(
        (host): Fault => ({ at: 8_000 + 4_000 * host, kind, host, downMs: 1_500, memory: true }),
      )
      for (const ownLoaders of [true, false]) {
        const plan = { ownLoaders, herds: 40, callers: 100, withinMs: 500, loadMsMax: 1_000 }
        const outcome = simulate(herding(1, plan, faults))
        expect(outcome.violations).toEqual([])
        expect(loadsOf(outcome).length).toBeGreaterThan(20)
      }
    },
  )

  it('loads twice at most while a member leaves', () => {
    const faults: Fault[] = [{ at: 15_000, kind: 'leave', host: 2, downMs: 3_000, memory: false }]
    const most: number[] = []
    for (const seed of [1, 2]) {
      const outcome = simulate(
        herding(seed, { herds: 20, callers: 100, withinMs: 500, loadMsMax: 1_000 }, faults),
      )
      expect(outcome.violations).toEqual([])
      most.push(Math.max(...loadsOf(outcome)))
    }
    expect(Math.max(...most)).toBeLessThanOrEqual(2)
  })
})

/** Each of two nodes takes the other for the owner of every key, whatever happens. */
const crossed: CreateNode = (options, at) => {
  const node = new NodeCore(options, at)
  const { placement } = node
  const other = (): string => {
    const { members } = node.configuration
    return members.find(({ id }) => id !== node.id)?.id ?? node.id
  }
  placement.owns = () => false
  placement.owner = () => other()
  placement.preference = () => [other(), node.id]
  return node
}

/** Whoever asks for a key that is asked of somebody already waits for that answer. */
class JoiningAny extends Calls {
  readonly #asked = new Map<string, Call[]>()

  override dispatch(call: Call, at: Instant): void {
    const { key, kind } = call.request
    if (kind !== 'load' || call.to !== '') {
      super.dispatch(call, at)
      return
    }
    const joined = this.#asked.get(key)
    if (joined !== undefined) {
      joined.push(call)
      return
    }
    this.#asked.set(key, [])
    const { answered, failedWith, served } = call
    const ended = (tell: (it: Call) => void): void => {
      const waiting = this.#asked.get(key) ?? []
      this.#asked.delete(key)
      for (const it of waiting) tell(it)
    }
    const again = (it: Call): void => this.dispatch(it, at)
    call.answered = (frame, then) => {
      answered.call(call, frame, then)
      ended(again)
    }
    call.served = (as, then, acknowledging) => {
      served.call(call, as, then, acknowledging)
      ended(again)
    }
    call.failedWith = error => {
      failedWith.call(call, error)
      ended(it => it.failedWith(error))
    }
    super.dispatch(call, at)
  }
}

const joining: CreateRequests = (node, outlets) => {
  const calls = new JoiningAny(node, outlets)
  return { calls, responder: new Responder(node, calls) }
}

function hung({ violations }: Outcome): boolean {
  return violations.some(({ checker, what }) => checker === 'herd' && what.includes('had nothing'))
}

describe('two nodes that each take the other for the owner', () => {
  const scenario = (seed: number): Scenario => {
    const workload = { ...ALONE, herds: { ...HERDS, herds: 2, callers: 100 } }
    return story({ seed, nodes: 2, calmAt: 30_000, workload })
  }

  it('load once each, and nobody hangs', () => {
    for (const seed of [1, 2, 3]) {
      const outcome = simulate(scenario(seed), { createNode: crossed })
      expect(hung(outcome)).toBe(false)
      expect(outcome.calls).toEqual({ hit: 200 })
      for (const loads of outcome.herdLoads) expect(loads).toBeLessThanOrEqual(2)
    }
  })

  it('hang when any request may join any flight', () => {
    const outcome = simulate(scenario(1), { createNode: crossed, createRequests: joining })
    expect(hung(outcome)).toBe(true)
  })
})

describe('loads that lack something are found out:', () => {
  it('without a flight everybody loads', () => {
    const alone: CreateNode = (options, at) => {
      const node = new NodeCore(options, at)
      const { flights } = node
      flights.ask = (asked, waiter, { at: then }) => {
        const { token, leaseMs } = flights.claim(asked, waiter.leaseMs, then)
        waiter.leased({ token, leaseMs }, undefined, then.now)
      }
      return node
    }
    const { violations } = simulate(herding(1, { callers: 20 }), { createNode: alone })
    expect(violations).toContainEqual(expect.objectContaining({ checker: 'herd' }))
  })

  it('when a write does not void a lease, what was loaded before it is read after it', () => {
    const forgetful: CreateNode = (options, at) => {
      const node = new NodeCore(options, at)
      node.store.unwritten.delete = () => true
      return node
    }
    const plan = { herds: 30, callers: 50, withinMs: 1_000, loadMsMax: 1_000, written: 1 }
    const found = (createNode?: CreateNode): boolean =>
      [1, 2, 3].some(seed => {
        const { violations } = simulate(herding(seed, plan), createNode ? { createNode } : {})
        return violations.some(({ checker }) => checker === 'certainty')
      })
    expect(found(forgetful)).toBe(true)
    expect(found()).toBe(false)
  })

  it('without signs of life who waits for a long load goes elsewhere, and loads again', () => {
    const silent: CreateRequests = (node, outlets) => {
      const calls = new Calls(node, outlets)
      const { linkUp } = calls
      calls.linkUp = (peer, at) => {
        const outlet = outlets.link(peer)
        if (outlet) outlet.writer.waiting = () => {}
        linkUp.call(calls, peer, at)
      }
      return { calls, responder: new Responder(node, calls) }
    }
    const workload = { ...ALONE, timeoutMs: 10_000, herds: { ...HERDS, callers: 50, loadMsMax: 4_000 } }
    const scenario = story({ seed: 1, nodes: 20, calmAt: 30_000, workload })
    const { violations } = simulate(scenario, { createRequests: silent })
    expect(violations).toContainEqual(expect.objectContaining({ checker: 'herd' }))
    expect(simulate(scenario).violations).toEqual([])
  })
})
