import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hashKey } from './hash.ts'
import { POSITIONS_PER_WEIGHT, positionCount, writePositions } from './positions.ts'
import { Ring } from './ring.ts'
import { compareIds, type RingMember, type RingOverride } from './roster.ts'

const CIRCLE = 2 ** 32

// Few positions and few ids, so that members, overrides and equal positions meet often.
const id = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', '\uffff', '\u{10000}')
const weight = fc.integer({ min: 0, max: 6 }).map(count => count / POSITIONS_PER_WEIGHT)
const membersOf = (ids: fc.Arbitrary<string>) =>
  fc.uniqueArray(fc.record({ id: ids, weight }), { selector: member => member.id, maxLength: 9 })
const members = membersOf(id)
const position = fc.oneof(
  fc.constantFrom(0, 1, CIRCLE - 1, CIRCLE / 2),
  fc.integer({ min: 0, max: CIRCLE - 1 }),
  id.map(name => derived(name, 3)[1]!),
)
const overrides = fc.array(
  fc.record({ position, members: fc.array(fc.oneof(id, fc.constant('nobody')), { maxLength: 4 }) }),
  { maxLength: 6 },
)

describe('Ring', () => {
  it('is the ring of the written rules', () => {
    fc.assert(
      fc.property(members, overrides, fc.integer({ min: 0, max: CIRCLE - 1 }), (who, extra, any) => {
        const ring = Ring.build(who, extra)
        const places = placesByTheRules(who, extra)
        expect(positionsOf(ring)).toEqual(places.map(place => place.position))
        for (const hash of [any, 0, CIRCLE - 1, ...nearby(ring)]) {
          const expected = preferenceByTheRules(places, hash)
          expect(preferenceOf(ring, hash)).toEqual(expected)
          expect(preferenceOf(ring, hash, 2)).toEqual(expected.slice(0, 2))
          expect(ring.members[ring.ownerIndex(hash)]).toBe(expected[0])
        }
      }),
      { numRuns: 500 },
    )
  })

  it('does not depend on the order of its input, nor on what it was built from before', () => {
    const shuffled = <T>(list: readonly T[]) => fc.shuffledSubarray([...list], { minLength: list.length })
    const twice = fc
      .tuple(members, overrides)
      .chain(([who, extra]) => fc.tuple(shuffled(who), shuffled(extra), fc.constant({ who, extra })))
    fc.assert(
      fc.property(
        twice,
        members,
        overrides,
        ([whoMixed, extraMixed, { who, extra }], earlier, earlierExtra) => {
          const ring = Ring.build(who, extra)
          const previous = Ring.build(earlier, earlierExtra)
          for (const other of [
            Ring.build(whoMixed, extraMixed),
            Ring.build(whoMixed, extraMixed, previous),
            Ring.build(who, extra, Ring.build([], [], previous)),
          ]) {
            expect(snapshot(other)).toEqual(snapshot(ring))
          }
        },
      ),
      { numRuns: 500 },
    )
  })

  it('stays itself through many rebuilds of one from the other', () => {
    const steps = fc.array(fc.tuple(members, overrides), { minLength: 2, maxLength: 6 })
    fc.assert(
      fc.property(steps, list => {
        let ring = Ring.build([])
        for (const [who, extra] of list) ring = Ring.build(who, extra, ring)
        expect(snapshot(ring)).toEqual(snapshot(Ring.build(...list.at(-1)!)))
      }),
    )
  })

  it('gives back the previous ring when nothing changed', () => {
    const who = peers('same', 5)
    const extra = [{ position: 7, members: [who[0]!.id, who[1]!.id] }]
    const ring = Ring.build(who, extra)
    expect(Ring.build([...who].reverse(), extra, ring)).toBe(ring)
    expect(Ring.build(who, [{ position: 7, members: ['nobody', who[0]!.id, who[1]!.id] }], ring)).toBe(ring)
    expect(Ring.build(who, [{ position: 8, members: extra[0]!.members }], ring)).not.toBe(ring)
    expect(Ring.build(who, [{ position: 7, members: [who[0]!.id] }], ring)).not.toBe(ring)
    expect(Ring.build(who, [], ring)).not.toBe(ring)
    expect(Ring.build(who.slice(1), extra, ring)).not.toBe(ring)
  })

  it('puts the smaller id first where derived positions are equal', () => {
    // 400 members have 819,200 positions of 2^32: some 78 pairs are equal by chance.
    const who = peers('tie', 400)
    const half = Ring.build(who.filter((_, i) => i % 2 === 0))
    const [ring, merged] = [Ring.build(who), Ring.build(who, [], half)]
    const holders = new Map<number, string[]>()
    for (const name of ring.members) {
      for (const at of derived(name, POSITIONS_PER_WEIGHT))
        holders.set(at, [...(holders.get(at) ?? []), name])
    }
    const ties = [...holders].filter(([, names]) => names.length > 1)
    expect(ties.length).toBeGreaterThan(20)
    for (const [at, names] of ties) {
      expect(preferenceOf(ring, at, names.length)).toEqual(names)
      expect(preferenceOf(merged, at, names.length)).toEqual(names)
    }
  })
})

describe('an arc', () => {
  it('is shared by those of its override who stand on the ring, when they are two or more', () => {
    const who = ['a', 'b', 'c'].map(id => ({ id, weight: 0.01 }))
    const ring = Ring.build(who, [
      { position: 7, members: ['b', 'nobody', 'a', 'b'] },
      { position: 2 ** 31, members: ['c', 'nobody'] },
    ])
    expect(ring.sharing).toBe(true)
    expect(ring.sharers(7).map(index => ring.members[index])).toEqual(['b', 'a'])
    expect(ring.sharers(8)).toEqual([])
    expect(ring.sharers(2 ** 31)).toEqual([])
    expect(Ring.build(who, [{ position: 7, members: ['a', 'gone'] }]).sharing).toBe(false)
  })
})

describe('a change of members', () => {
  const change = fc.tuple(members, overrides, id, weight, weight)

  it('moves hashes only to the one who joins or grows, only from the one who leaves or shrinks', () => {
    fc.assert(
      fc.property(change, ([others, extra, who, lighter, heavier]) => {
        fc.pre(lighter < heavier)
        const rest = others.filter(member => member.id !== who)
        const before = Ring.build([...rest, { id: who, weight: lighter }], extra)
        const after = Ring.build([...rest, { id: who, weight: heavier }], extra, before)
        for (const hash of boundaries(before, after)) {
          const from = before.members[before.ownerIndex(hash)]
          const to = after.members[after.ownerIndex(hash)]
          if (from !== to) expect(to).toBe(who)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('takes the leaver out of every preference list and leaves the rest in order', () => {
    fc.assert(
      fc.property(change, ([others, extra, who, , some]) => {
        const rest = others.filter(member => member.id !== who)
        const before = Ring.build([...rest, { id: who, weight: some }], extra)
        const after = Ring.build(rest, extra)
        for (const hash of boundaries(before, after)) {
          expect(preferenceOf(after, hash)).toEqual(preferenceOf(before, hash).filter(name => name !== who))
        }
      }),
      { numRuns: 500 },
    )
  })

  it.each([1, 3, 10, 50])('moves about its share when one joins %i others or leaves again', count => {
    for (let seed = 0; seed < 10; seed++) {
      const who = peers(`join ${seed}`, count + 1)
      const newcomer = who[count]!.id
      const before = Ring.build(who.slice(0, count))
      const after = Ring.build(who, [], before)
      let moved = 0
      for (const { start, hash } of arcs(before, after)) {
        const from = before.members[before.ownerIndex(hash)]
        const to = after.members[after.ownerIndex(hash)]
        if (from === to) continue
        expect(to).toBe(newcomer)
        moved += (hash - start) / CIRCLE
      }
      expect(moved).toBeCloseTo(after.shares()[after.members.indexOf(newcomer)]!, 9)
      expect(moved * (count + 1)).toBeGreaterThan(0.9)
      expect(moved * (count + 1)).toBeLessThan(1.1)
    }
  })

  it('spreads what a dead member owned over all who remain', () => {
    const ring = Ring.build(peers('heirs', 10))
    const inherited = new Float64Array(10)
    const pair = new Int32Array(2)
    for (const { start, hash } of arcs(ring)) {
      ring.preference(hash, pair)
      if (pair[0] === 0) inherited[pair[1]!]! += (hash - start) / CIRCLE
    }
    const even = ring.shares()[0]! / 9
    expect(Math.max(...inherited)).toBeLessThan(1.5 * even)
    expect(Math.min(...inherited.subarray(1))).toBeGreaterThan(0.5 * even)
  })
})

describe('shares', () => {
  it('add up to one and are the lengths of the ranges', () => {
    fc.assert(
      fc.property(members, overrides, (who, extra) => {
        const ring = Ring.build(who, extra)
        const expected = new Float64Array(ring.members.length)
        for (const end of new Set(positionsOf(ring))) {
          const range = ring.range(end)!
          expect(range.end).toBe(end)
          expect(range).toEqual(ring.range((range.start + 1) % CIRCLE))
          expect(range.owner).toBe(ring.ownerIndex(end))
          expected[range.owner]! +=
            (end > range.start ? end - range.start : end - range.start + CIRCLE) / CIRCLE
        }
        expect([...ring.shares()]).toEqual([...expected].map(share => expect.closeTo(share, 9)))
        expect(ring.shares().reduce((sum, share) => sum + share, 0)).toBeCloseTo(ring.size === 0 ? 0 : 1, 9)
      }),
    )
  })

  it('are at most 1.10 of the mean for ten members of weight 1, whoever they are', () => {
    for (let seed = 0; seed < 200; seed++) {
      expect(Math.max(...Ring.build(peers(`balance ${seed}`, 10)).shares()) * 10).toBeLessThanOrEqual(1.1)
    }
  })

  it('follow the weights', () => {
    const weights = [0, 0.5, 1, 2, 4, 8]
    const who = peers('weights', weights.length).map((peer, i) => ({ ...peer, weight: weights[i]! }))
    const ring = Ring.build(who)
    const shares = ring.shares()
    for (const peer of who) {
      const share = shares[ring.members.indexOf(peer.id)]!
      expect(share * 15.5).toBeGreaterThanOrEqual(0.9 * peer.weight)
      expect(share * 15.5).toBeLessThanOrEqual(1.1 * peer.weight)
    }
  })
})

describe('an empty ring', () => {
  it.each([
    ['of nobody', [], []],
    ['of idle members', [{ id: 'a', weight: 0 }], [{ position: 1, members: ['a'] }]],
    ['with overrides for strangers', [], [{ position: 1, members: ['a'] }]],
  ])('%s answers that nobody is responsible', (_, who, extra) => {
    const ring = Ring.build(who, extra)
    expect(ring.size).toBe(0)
    expect(ring.ownerIndex(hashKey('key'))).toBe(-1)
    expect(ring.preference(hashKey('key'), new Int32Array(3))).toBe(0)
    expect(ring.range(0)).toBeUndefined()
    expect(ring.shares()).toEqual(new Float64Array(who.length))
  })
})

/** Members of weight 1 with ids of the length of a peer id. */
function peers(seed: string, count: number): RingMember[] {
  return Array.from({ length: count }, (_, i) => ({ id: `${seed} ${i} `.padEnd(52, '-'), weight: 1 }))
}

function derived(name: string, count: number): Uint32Array {
  const positions = new Uint32Array(count)
  writePositions(name, positions, 0, count)
  return positions
}

function positionsOf(ring: Ring): number[] {
  return Array.from({ length: ring.size }, (_, place) => ring.positionAt(place))
}

function preferenceOf(ring: Ring, hash: number, length = ring.members.length): string[] {
  const out = new Int32Array(length)
  return [...out.subarray(0, ring.preference(hash, out))].map(index => ring.members[index]!)
}

function snapshot(ring: Ring): unknown {
  const lists = positionsOf(ring).map(hash => [hash, ...preferenceOf(ring, hash)])
  return { members: ring.members, size: ring.size, shares: [...ring.shares()], lists }
}

/** Every position of these rings, in order: between two of them no ring changes its mind. */
function boundaries(...rings: readonly Ring[]): number[] {
  return [...new Set(rings.flatMap(positionsOf))].sort((a, b) => a - b)
}

/** The arcs between the boundaries; the first starts below zero, where the last one ends. */
function arcs(...rings: readonly Ring[]): { start: number; hash: number }[] {
  const ends = boundaries(...rings)
  return ends.map((hash, i) => ({ start: i === 0 ? ends.at(-1)! - CIRCLE : ends[i - 1]!, hash }))
}

function nearby(ring: Ring): number[] {
  return positionsOf(ring).flatMap(hash => [(hash + CIRCLE - 1) % CIRCLE, hash, (hash + 1) % CIRCLE])
}

interface Place {
  readonly position: number
  readonly override: boolean
  readonly ids: readonly string[]
  readonly given: readonly string[]
}

// docs/protocol/placement.md, as literally as possible.
function placesByTheRules(who: readonly RingMember[], extra: readonly RingOverride[]): Place[] {
  const standing = new Set(who.filter(member => member.weight > 0).map(member => member.id))
  const places: Place[] = who.flatMap(({ id, weight }) =>
    [...derived(id, positionCount(weight))].map(position => ({
      position,
      override: false,
      ids: [id],
      given: [id],
    })),
  )
  for (const { position, members } of extra) {
    const ids = [...new Set(members)].filter(id => standing.has(id))
    if (ids.length > 0) places.push({ position, override: true, ids, given: members })
  }
  return places.sort(
    (a, b) =>
      a.position - b.position || Number(b.override) - Number(a.override) || compareIdLists(a.given, b.given),
  )
}

function preferenceByTheRules(places: readonly Place[], hash: number): string[] {
  const first = places.findIndex(place => place.position >= hash)
  const from = first === -1 ? 0 : first
  return [...new Set([...places.slice(from), ...places.slice(0, from)].flatMap(place => place.ids))]
}

function compareIdLists(a: readonly string[], b: readonly string[]): number {
  for (const [i, id] of a.entries()) {
    const order = i < b.length ? compareIds(id, b[i]!) : 1
    if (order !== 0) return order
  }
  return a.length - b.length
}
