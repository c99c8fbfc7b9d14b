import { type Input, NodeCore } from '@cachemesh/core'
import { expect, it } from 'vitest'
import type { Fault } from '../scenario/scenario.ts'
import { simulate } from '../simulate.ts'
import { story } from '../testing/scenarios.ts'

interface Fed {
  readonly at: number
  readonly kind: Input['kind']
}

/** What the node of host 1 was fed, and when, in virtual ms. */
function fedTo(faults: readonly Fault[]): Fed[] {
  const fed: Fed[] = []
  const scenario = story({ seed: 1, nodes: 3, faults, calmAt: 30_000 })
  const watched = scenario.hosts[1]!.id
  // Wall clocks of a story are right.
  const wallStartsAt = 1_760_000_000_000
  const { violations } = simulate(scenario, {
    createNode: (options, at) => {
      const node = new NodeCore(options, at)
      if (options.id !== watched) return node
      const step = node.step.bind(node)
      node.step = (input, now) => {
        fed.push({ at: now.wall - wallStartsAt, kind: input.kind })
        return step(input, now)
      }
      return node
    },
  })
  expect(violations).toEqual([])
  return fed
}

it('a frozen process takes no step; when it moves its late timer comes first, and then what waited', () => {
  const fed = fedTo([
    { at: 10_000, kind: 'freeze', host: 1, forMs: 10_000 },
    { at: 15_000, kind: 'gateway', host: 2, port: 8_080 },
  ])
  expect(fed.filter(({ at }) => at >= 10_000 && at < 20_000)).toEqual([])
  const [first, second] = fed.filter(({ at }) => at >= 20_000)
  expect(first).toEqual({ at: 20_000, kind: 'tick' })
  expect(second).toMatchObject({ at: 20_000 })
  expect(['message', 'announced', 'stamp']).toContain(second?.kind)
})

it('a frozen process that crashes never gets what waited for it', () => {
  const fed = fedTo([
    { at: 10_000, kind: 'freeze', host: 1, forMs: 10_000 },
    { at: 15_000, kind: 'gateway', host: 2, port: 8_080 },
    { at: 16_000, kind: 'crash', host: 1, downMs: 1_000, memory: true },
  ])
  expect(fed.find(({ at }) => at >= 10_000)).toEqual({ at: 17_000, kind: 'attributes' })
})

it('a starved process moves between its pauses', () => {
  const fed = fedTo([{ at: 10_000, kind: 'starve', host: 1, forMs: 12_000, pauseMs: 2_000, betweenMs: 500 }])
  const starved = fed.filter(({ at }) => at >= 10_000 && at < 22_000)
  expect(starved.length).toBeGreaterThan(3)
  const longest = (from: readonly Fed[]): number =>
    Math.max(...from.slice(1).map(({ at }, place) => at - (from[place] as Fed).at))
  expect(longest(starved)).toBeGreaterThanOrEqual(2_000)
})
