import { hashKey, LIMITS, tombstone } from '@cachemesh/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BOUNDS } from '../limits/limits.ts'
import { configurationOf, memberOf } from '../testing/members.ts'
import { Placement } from './placement.ts'
import { type Passed, route } from './router.ts'

const NOBODY_FAILED: Passed = { hops: [], failed: [] }
const KEY = hashKey('some key')
const TARGET = { key: 'some key', hash: KEY }

/** What a node thinks of who is where. */
function viewOf(self: string, ...members: readonly string[]): Placement {
  const placement = new Placement(self)
  placement.update(configurationOf(...members.map(id => memberOf(id, { weight: 0.01 }))))
  return placement
}

const everybody = () => true

/** The preference list for KEY among these, owner first. */
const NODES = ['a', 'b', 'c', 'd', 'e']
const [OWNER, SECOND, THIRD] = viewOf('a', ...NODES).preference(KEY) as [string, string, string]
const OTHER = NODES.find(id => ![OWNER, SECOND, THIRD].includes(id))!

describe('a request', () => {
  it('is served by the owner', () => {
    expect(route(viewOf(OWNER, ...NODES), TARGET, NOBODY_FAILED, everybody)).toEqual({ kind: 'owner' })
    const passed = { hops: ['x', 'y'], failed: [] }
    expect(route(viewOf(OWNER, ...NODES), TARGET, passed, everybody)).toEqual({ kind: 'owner' })
  })

  it('is forwarded to the owner', () => {
    expect(route(viewOf(OTHER, ...NODES), TARGET, NOBODY_FAILED, everybody)).toEqual({
      kind: 'forward',
      to: OWNER,
      failed: [],
    })
  })

  it('goes to the next when the owner cannot be reached, and names who should have got it', () => {
    const reachable = (id: string): boolean => id !== OWNER
    expect(route(viewOf(OTHER, ...NODES), TARGET, NOBODY_FAILED, reachable)).toEqual({
      kind: 'forward',
      to: SECOND,
      failed: [OWNER],
    })
    // The next one stands in, though it can reach the owner: the one who asked could not.
    const passed = { hops: [OTHER], failed: [OWNER] }
    expect(route(viewOf(SECOND, ...NODES), TARGET, passed, everybody)).toEqual({ kind: 'stand-in' })
  })

  it('is served by whoever stands in and cannot reach those before it', () => {
    expect(route(viewOf(SECOND, ...NODES), TARGET, NOBODY_FAILED, id => id !== OWNER)).toEqual({
      kind: 'stand-in',
    })
  })

  it('is not sent to one that failed already', () => {
    const passed = { hops: [], failed: [OWNER, SECOND] }
    expect(route(viewOf(OTHER, ...NODES), TARGET, passed, everybody)).toEqual({
      kind: 'forward',
      to: THIRD,
      failed: [OWNER, SECOND],
    })
  })

  it('is unavailable at its origin when nobody responsible can be reached', () => {
    expect(route(viewOf(OTHER, ...NODES), TARGET, NOBODY_FAILED, () => false)).toEqual({
      kind: 'unavailable',
      failed: [OWNER, SECOND, THIRD],
    })
    expect(route(viewOf('a'), TARGET, NOBODY_FAILED, everybody)).toEqual({ kind: 'unavailable', failed: [] })
  })

  it('is answered as well as possible when it has travelled enough, or would go back', () => {
    const there = viewOf(OTHER, ...NODES)
    const enough = { hops: ['x', 'y'], failed: [] }
    expect(route(there, TARGET, enough, everybody)).toEqual({ kind: 'last-resort' })
    expect(route(there, TARGET, { hops: [OWNER], failed: [] }, everybody)).toEqual({ kind: 'last-resort' })
    expect(route(there, TARGET, { hops: ['x'], failed: [] }, () => false)).toEqual({ kind: 'last-resort' })
  })

  it('visits two nodes at most and ends, whatever any of them believes', () => {
    const anyIds = fc.subarray(NODES)
    const anyWorld = fc.record({
      views: fc.tuple(anyIds, anyIds, anyIds, anyIds, anyIds),
      unreachable: fc.subarray(NODES.flatMap(a => NODES.map(b => `${a}>${b}`))),
      origin: fc.constantFrom(...NODES),
      keys: fc.array(fc.string(), { minLength: 1, maxLength: 5 }),
    })
    fc.assert(
      fc.property(anyWorld, ({ views, unreachable, origin, keys }) => {
        const placements = new Map(NODES.map((id, index) => [id, viewOf(id, ...(views[index] ?? []))]))
        for (const key of keys) {
          const visited = [origin]
          let passed: Passed = NOBODY_FAILED
          for (;;) {
            const here = visited.at(-1)!
            const next = route(
              placements.get(here)!,
              { key, hash: hashKey(key) },
              passed,
              id => !unreachable.includes(`${here}>${id}`),
            )
            if (next.kind !== 'forward') break
            expect(visited).not.toContain(next.to)
            expect(next.failed).not.toContain(next.to)
            expect(unreachable).not.toContain(`${here}>${next.to}`)
            passed = { hops: [...passed.hops, here], failed: next.failed }
            visited.push(next.to)
            expect(visited.length - 1).toBeLessThanOrEqual(LIMITS.hopsMax)
          }
        }
      }),
      { numRuns: 300 },
    )
  })
})

describe('placement', () => {
  it('follows its configuration: owner, those who stand in, and nobody who is gone', () => {
    const placement = viewOf(OWNER, ...NODES)
    expect(placement.owns(KEY)).toBe(true)
    expect(placement.preference(KEY)).toHaveLength(1 + BOUNDS.standInsMax)
    expect(placement.locate('some key')).toMatchObject({ owner: OWNER, replicas: [] })
    const without = NODES.map(id =>
      id === OWNER ? tombstone(memberOf(id), 'left') : memberOf(id, { weight: 0.01 }),
    )
    placement.update(configurationOf(...without))
    expect(placement.owns(KEY)).toBe(false)
    // Who stood in next is the owner now: nothing else moved.
    expect(placement.preference(KEY)[0]).toBe(SECOND)
    placement.update(configurationOf())
    expect(placement.preference(KEY)).toEqual([])
    expect(placement.owns(KEY)).toBe(false)
  })

  it('leaves out who is still joining', () => {
    const placement = new Placement('a')
    placement.update(configurationOf(memberOf('a', { state: 'joining' }), memberOf('b')))
    expect(placement.preference(KEY)).toEqual(['b'])
  })
})
