import { NodeCore } from '@cachemesh/core'
import { describe, expect, it } from 'vitest'
import { Deletions } from '../checkers/deletions.ts'
import type { Fault, Scenario } from '../scenario/scenario.ts'
import { type Outcome, simulate } from '../simulate.ts'
import { story } from '../testing/scenarios.ts'
import type { CreateNode } from '../world/host.ts'
import type { Operation } from './operation.ts'

const FAULTS: readonly Fault[] = [
  { at: 1_000, kind: 'setting', host: 0, name: 'replicas', value: 1 },
  { at: 4_000, kind: 'silent-cut', hosts: [0, 1], ways: 'both', forMs: 12_000 },
  { at: 18_000, kind: 'silent-cut', hosts: [3], ways: 'both', forMs: 10_000 },
]

/** Replicas miss deletes while they are cut off. */
function cut(seed: number): Scenario {
  const workload = { keys: 40, everyMs: 150, timeoutMs: 2_000, writes: 0.3, deletes: 0.4, valueBytesMax: 300 }
  return story({ seed, nodes: 5, faults: FAULTS, calmAt: 30_000, workload })
}

/** Delete markers have no room: only floors are left of them, or not even these. */
function forgetful(floors: boolean): CreateNode {
  return (options, at) => {
    const node = new NodeCore(options, at)
    Object.defineProperty(node.store.markers, 'bytesMax', { value: 0 })
    if (!floors) node.store.floors.raise = () => false
    return node
  }
}

const cameBack = ({ violations }: Outcome): boolean =>
  violations.some(({ checker, what }) => checker === 'deletions' || /a delete with version/.test(what))

describe('entries that were deleted', () => {
  it('come back from replicas that missed it when no floor is left of a delete, and not otherwise', () => {
    expect(cameBack(simulate(cut(1), { createNode: forgetful(false) }))).toBe(true)
    expect(simulate(cut(1), { createNode: forgetful(true) }).violations).toEqual([])
    expect(simulate(cut(2)).violations).toEqual([])
  })

  it('come back when the last that knew crashed before it met the others again: seed 168, that is no fault', () => {
    const faults: readonly Fault[] = [
      { at: 1_000, kind: 'setting', host: 0, name: 'replicas', value: 1 },
      { at: 8_000, kind: 'silent-cut', hosts: [3], ways: 'both', forMs: 46_000 },
      { at: 52_000, kind: 'crash', host: 3, downMs: 4_000, memory: true },
    ]
    const workload = {
      keys: 300,
      everyMs: 150,
      timeoutMs: 2_000,
      writes: 0.3,
      deletes: 0.3,
      valueBytesMax: 300,
    }
    const { violations, calls } = simulate(story({ seed: 168, nodes: 4, faults, calmAt: 58_000, workload }))
    expect(violations).toEqual([])
    expect(calls.done).toBeGreaterThan(100)
  })

  it('are known again in the calm by the write that they were', () => {
    const operation = (id: number, at: number, what: Partial<Operation>): Operation => ({
      id,
      key: 'k',
      hash: 0,
      host: 0,
      life: 1,
      kind: 'get',
      startedAt: at,
      settledAt: at + 1,
      deadline: at + 9,
      sizeBytes: 1,
      attempt: 0,
      result: undefined,
      ...what,
    })
    const done = (version: number) => ({ kind: 'done', version, certain: true }) as const
    const hit = {
      kind: 'hit',
      write: 1,
      whole: true,
      bytes: 1,
      version: 5,
      certain: false,
      copied: false,
    } as const
    const judged = (deletedAt: number): string | undefined => {
      const checker = new Deletions([])
      checker.settled(operation(1, 10, { kind: 'set', result: done(5) }))
      checker.settled(operation(2, deletedAt, { kind: 'delete', result: done(7) }))
      return checker.settled(operation(3, 90, { attempt: 1, result: hit }))
    }
    expect(judged(20)).toMatch(/write 1 of version 5, which call 2 deleted/)
    expect(judged(5)).toBeUndefined()
  })
})
