import { Configuration, destroy, type Member, merge, tombstone } from '@cachemesh/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { configurationOf, MESH, memberOf } from '../testing/members.ts'
import { Hold } from './hold.ts'

const HOLD_MS = 2_000

/** What a hold says of a step between documents with these members. */
function holding(expected: (member: Member) => boolean = () => false) {
  const hold = new Hold(HOLD_MS, expected)
  const step = (before: readonly Member[], after: readonly Member[], now: number) => {
    const { waits, news } = hold.waits(configurationOf(...before), configurationOf(...after), now)
    return { waits, news: news.map(({ id }) => id) }
  }
  return { hold, step }
}

const [a, b] = [memberOf('a'), memberOf('b')]
const removed = (member: Member): Member => tombstone(member, 'removed')

describe('a removal that nobody here expects', () => {
  it('waits for its time, and is news once', () => {
    const { hold, step } = holding()
    expect(step([a, b], [a, removed(b)], 100)).toEqual({ waits: true, news: ['b'] })
    expect(hold.until).toBe(100 + HOLD_MS)
    expect(step([a, b], [a, removed(b)], 99 + HOLD_MS)).toEqual({ waits: true, news: [] })
    expect(step([a, b], [a, removed(b)], 100 + HOLD_MS)).toEqual({ waits: false, news: [] })
  })

  it('waits also when it comes as an absence: its tombstone was dropped', () => {
    const { step } = holding()
    expect(step([a, b], [a], 1)).toEqual({ waits: true, news: ['b'] })
  })

  it('is harmless when the member has answered', () => {
    const { step } = holding()
    step([a, b], [a, removed(b)], 1)
    const answered = { ...b, incarnation: 2, since: 2 }
    expect(step([a, answered], [a, answered], 2)).toEqual({ waits: false, news: [] })
    // Of a claim that it knows in the answer already, nothing is lost.
    expect(step([a, b], [a, answered], 2)).toEqual({ waits: false, news: [] })
  })

  it('waits as long as each that came with it or after it', () => {
    const { hold, step } = holding()
    step([a, b], [a, removed(b)], 100)
    expect(step([a, b], [removed(a), removed(b)], 1_100)).toEqual({ waits: true, news: ['a'] })
    expect(step([a, b], [removed(a), removed(b)], 2_100)).toEqual({ waits: true, news: [] })
    expect(hold.until).toBe(1_100 + HOLD_MS)
    expect(step([a, b], [removed(a), removed(b)], 3_100)).toEqual({ waits: false, news: [] })
  })

  it('is forgotten when nothing waits any more', () => {
    const { hold, step } = holding()
    step([a, b], [a, removed(b)], 1)
    hold.clear()
    expect(hold.until).toBe(Number.NEGATIVE_INFINITY)
    expect(step([a, b], [a, removed(b)], 9_000)).toEqual({ waits: true, news: ['b'] })
  })

  it('is over at the moment that was said, whatever fraction of a millisecond it began at', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), now => {
        const { hold, step } = holding()
        step([a, b], [a, removed(b)], now)
        expect(step([a, b], [a, removed(b)], hold.until).waits).toBe(false)
      }),
    )
  })
})

describe('a step passes at once', () => {
  it('when those it removes are accused here', () => {
    const { step } = holding(({ id, since }) => id === 'b' && since === 1)
    expect(step([a, b], [a, removed(b)], 1)).toEqual({ waits: false, news: [] })
    // One that is not is enough to wait for.
    expect(step([a, b], [removed(a), removed(b)], 1)).toEqual({ waits: true, news: ['a'] })
  })

  it('when members have left, or were gone here before', () => {
    const { step } = holding()
    expect(step([a, b], [a, tombstone(b, 'left')], 1).waits).toBe(false)
    expect(step([a, removed(b)], [a], 1).waits).toBe(false)
    expect(step([a, tombstone(b, 'left')], [a, removed(b)], 1).waits).toBe(false)
    expect(step([a], [a, removed(b)], 1).waits).toBe(false)
  })

  it('when the mesh was destroyed', () => {
    const before = configurationOf(a, b)
    const { hold } = holding()
    expect(hold.waits(before, destroy(before, 1), 1)).toEqual({ waits: false, news: [] })
  })

  it('when nothing changed, or there was nothing', () => {
    const [some, none] = [configurationOf(a, b), Configuration.empty(MESH)]
    const { hold } = holding()
    expect(hold.waits(some, some, 1).waits).toBe(false)
    expect(hold.waits(none, some, 1).waits).toBe(false)
    expect(hold.waits(some, merge(some, configurationOf(memberOf('c'))), 1).waits).toBe(false)
  })
})
