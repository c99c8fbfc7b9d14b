import { author, type Configuration, hashKey, ringOf } from '@cachemesh/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Change, recordsOf } from '../configuration/change.ts'
import { configurationOf, memberOf } from '../testing/members.ts'
import { placingChange, type RingPart, removalChange } from './by-hand.ts'

const BASE = configurationOf(
  ...['a', 'b', 'c'].map(id => memberOf(id, { weight: 0.01 })),
  memberOf('spare', { weight: 0 }),
  memberOf('new', { state: 'joining' }),
)

function changed(configuration: Configuration, change: Change): Configuration {
  return author(configuration, recordsOf(change, configuration), 1)
}

function placed(configuration: Configuration, part: RingPart, members: readonly string[]): Configuration {
  const ring = ringOf(configuration)
  return changed(configuration, placingChange({ configuration, ring }, part, members))
}

function ownerAt(configuration: Configuration, hash: number): string {
  const ring = ringOf(configuration)
  return ring.members[ring.ownerIndex(hash)] as string
}

const position = fc.integer({ min: 0, max: 2 ** 32 - 1 })

describe('a part of the ring that is given to somebody', () => {
  it('is all from one position to another, and nothing else', () => {
    const size = fc.integer({ min: 1, max: 2 ** 30 })
    fc.assert(
      fc.property(
        position,
        size,
        fc.array(position, { minLength: 30, maxLength: 30 }),
        (from, length, others) => {
          const to = (from + length) >>> 0
          const after = placed(BASE, { position: to, from }, ['b'])
          for (const hash of [from, (from + 1) >>> 0, to, (to + 1) >>> 0, ...others]) {
            const isIn = (hash - from - 1) >>> 0 < length
            expect(ownerAt(after, hash)).toBe(isIn ? 'b' : ownerAt(BASE, hash))
          }
        },
      ),
      { numRuns: 60 },
    )
  })

  it('may be a key alone, and is shared by those who are named', () => {
    const hash = hashKey('hot')
    const after = placed(BASE, { position: hash, from: hash - 1 }, ['c', 'a'])
    expect(
      ringOf(after)
        .sharers(hash)
        .map(index => ringOf(after).members[index]),
    ).toEqual(['c', 'a'])
    expect(ringOf(after).sharers(hash - 1)).toEqual([])
    expect(ownerAt(after, hash + 1)).toBe(ownerAt(BASE, hash + 1))
  })

  it('goes back when its positions are removed', () => {
    const after = placed(BASE, { position: 5_000, from: 4_000 }, ['c'])
    const gone = [4_000, 5_000].reduce((now, at) => changed(now, removalChange(now, at)), after)
    expect(ringOf(gone).size).toBe(ringOf(BASE).size)
    const given = changed(BASE, { placements: { '~0': { arcs: { '7': ['a'], '9': ['b'] } } } })
    const rest = changed(given, removalChange(given, 7))
    expect(JSON.parse(rest.register('placements/~0')?.json ?? '')).toEqual({ arcs: { '9': ['b'] } })
  })

  it.each<[string, RingPart, readonly string[], string]>([
    ['nobody', { position: 1 }, [], 'a list of 1 to 16 members'],
    ['a stranger', { position: 1 }, ['nobody'], '"nobody" is no active member'],
    ['one who has not joined', { position: 1 }, ['new'], '"new" is no active member'],
    ['a member that owns nothing', { position: 1 }, ['spare'], 'has weight 0'],
    ['somebody twice', { position: 1 }, ['a', 'b', 'a'], 'Member a is named twice'],
    ['no position', { position: 2 ** 32 }, ['a'], 'no position of the ring'],
    ['half a position', { position: 1.5 }, ['a'], 'no position of the ring'],
    ['nothing', { position: 7, from: 7 }, ['a'], 'has nothing in it'],
    ['nearly everything', { position: 7, from: 8 }, ['a'], 'more than 64 arcs'],
  ])('is not given to %s', (_, part, members, message) => {
    expect(() =>
      placed(configurationOf(...BASE.members.map(it => ({ ...it, weight: it.weight * 4 }))), part, members),
    ).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', message: expect.stringContaining(message) }),
    )
  })

  it('is not taken back where nobody set anything', () => {
    expect(() => removalChange(BASE, 12)).toThrow('Nobody has set a position at 12')
  })
})
