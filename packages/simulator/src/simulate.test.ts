import { NodeCore } from '@cachemesh/core'
import { describe, expect, it } from 'vitest'
import { drawScenario } from './scenario/draw.ts'
import { type Outcome, simulate } from './simulate.ts'
import { story } from './testing/scenarios.ts'
import type { CreateNode } from './world/host.ts'

function drawn(seed: number, nodes: number): Outcome {
  return simulate(drawScenario({ seed, nodes, durationMs: 60_000 }))
}

describe('a seed', () => {
  it('gives the same run bit by bit, whatever ran before it', () => {
    const first = drawn(7, 12)
    drawn(8, 5)
    expect(drawn(7, 12)).toEqual(first)
    expect(drawn(9, 12).traceDigest).not.toBe(first.traceDigest)
  })

  it('is the only source of chance: its scenario can be kept as JSON and run again', () => {
    const scenario = drawScenario({ seed: 11, nodes: 6, durationMs: 60_000 })
    const revived = (_: string, value: unknown): unknown =>
      value === null ? Number.POSITIVE_INFINITY : value
    expect(simulate(JSON.parse(JSON.stringify(scenario), revived))).toEqual(simulate(scenario))
  })

  it('changes nothing else when its trace is printed', () => {
    const lines: string[] = []
    const scenario = drawScenario({ seed: 3, nodes: 3, durationMs: 60_000 })
    expect(simulate(scenario, { print: line => lines.push(line) })).toEqual(simulate(scenario))
    expect(lines.length).toBeGreaterThan(100)
  })
})

describe('configurations', () => {
  it.each([
    [1, 20],
    [2, 30],
    [3, 30],
    [5, 20],
    [10, 6],
    [25, 1],
  ])('converge and never go backwards: %i nodes, %i seeds', (nodes, seeds) => {
    for (let seed = 1; seed <= seeds; seed++) {
      const { violations } = drawn(1_000 + seed, nodes)
      expect({ seed, violations }).toEqual({ seed, violations: [] })
    }
  })
})

describe('a node that lacks something is found out:', () => {
  /** Seeds of ten in which a node made so breaks a rule, and which rules. */
  function redSeeds(
    createNode: CreateNode,
    scenarios = (seed: number) => drawScenario({ seed, nodes: 4, durationMs: 60_000 }),
  ) {
    const outcomes = Array.from({ length: 10 }, (_, seed) => simulate(scenarios(seed), { createNode }))
    const red = outcomes.filter(({ violations }) => violations.length > 0)
    return {
      seeds: red.length,
      checkers: new Set(red.flatMap(({ violations }) => violations.map(v => v.checker))),
    }
  }

  it('one that gives up dialling', () => {
    const { seeds, checkers } = redSeeds((options, at) => {
      const node = new NodeCore(options, at)
      const step = node.step.bind(node)
      const dialled = new Set<string>()
      node.step = (input, now) =>
        step(input, now).filter(output => {
          if (output.kind !== 'dial') return true
          const first = !dialled.has(output.contact.name)
          dialled.add(output.contact.name)
          return first
        })
      return node
    })
    expect(seeds).toBeGreaterThan(2)
    expect(checkers).toEqual(new Set(['settlement']))
  })

  it('one whose flush takes the configuration along', () => {
    const { seeds, checkers } = redSeeds(
      (options, at) => {
        const node = new NodeCore(options, at)
        const { store } = node
        store.flush = () => store.reserved.delete('configuration')
        return node
      },
      seed =>
        story({
          seed,
          nodes: 2,
          faults: Array.from({ length: 5 }, (_, i) => ({ at: 10_000 + i, kind: 'fill-cache', host: 1 })),
        }),
    )
    expect(seeds).toBe(10)
    expect(checkers).toEqual(new Set(['reserved']))
  })

  it('one that wants a tick at once, for ever', () => {
    const { checkers } = redSeeds((options, at) => {
      const node = new NodeCore(options, at)
      Object.defineProperty(node, 'wakeAt', { get: () => 0 })
      return node
    })
    expect(checkers).toEqual(new Set(['orderly']))
  })

  it('one that throws', () => {
    const { seeds, checkers } = redSeeds((options, at) => {
      const node = new NodeCore(options, at)
      node.step = () => {
        throw new Error('broken')
      }
      return node
    })
    expect(seeds).toBe(10)
    expect(checkers).toContain('orderly')
  })
})
