import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { VersionClock } from './clock.ts'

const NOW = 1_800_000_000_000
const hour = 3_600_000
const day = 24 * hour

/** What a clock that is `skewMs` wrong shows at a wall time. */
function stampAt(wall: number): number {
  return new VersionClock().current(wall)
}

/** How far ahead of `wall` the next version lies, ms. */
function ahead(clock: VersionClock, wall: number): number {
  return (clock.next(wall) - stampAt(wall)) / 2_048
}

describe('versions', () => {
  it('rise with every write and above every one seen, whatever the wall clock does', () => {
    const anyAct = fc.oneof(
      fc.record({ act: fc.constant('next' as const), drift: fc.integer({ min: -10_000, max: 10_000 }) }),
      fc.record({ act: fc.constant('see' as const), drift: fc.integer({ min: -10_000, max: 4_999 }) }),
    )
    fc.assert(
      fc.property(fc.array(anyAct, { maxLength: 50 }), acts => {
        const clock = new VersionClock()
        const stamp = { clock: 0 }
        clock.showIn(stamp)
        let greatest = 0
        for (const { act, drift } of acts) {
          if (act === 'next') {
            const version = clock.next(NOW + drift)
            expect(version).toBeGreaterThan(greatest)
            expect(Number.isSafeInteger(version)).toBe(true)
            greatest = version
          } else {
            const version = stampAt(NOW + drift)
            expect(clock.see(version, NOW)).toBe(true)
            greatest = Math.max(greatest, version)
          }
          expect([clock.last, stamp.clock]).toEqual([greatest, greatest])
        }
      }),
    )
  })

  it('of two writers are in the order of their times, though they never heard of each other', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.integer({ min: 1, max: 1_000_000 }), (at, later) => {
        expect(new VersionClock().next(NOW + at + later)).toBeGreaterThan(new VersionClock().next(NOW + at))
      }),
    )
  })

  it('too far ahead are refused, and change nothing', () => {
    const clock = new VersionClock()
    const before = clock.next(NOW)
    expect(clock.see(stampAt(NOW + day), NOW)).toBe(true)
    expect(clock.see(stampAt(NOW + day + 1), NOW)).toBe(false)
    expect(clock.see(Number.MAX_SAFE_INTEGER, NOW)).toBe(false)
    expect(clock.last).toBe(stampAt(NOW + day))
    expect(clock.last).toBeGreaterThan(before)
  })

  it('are safe integers for a hundred years', () => {
    expect(Number.isSafeInteger(new VersionClock().next(NOW + 100 * 365 * 86_400_000))).toBe(true)
  })
})

describe('a version that ends what others wrote', () => {
  it('is above what they give by clocks that are ahead, and follows no clock that nobody follows', () => {
    const clock = new VersionClock()
    clock.compare('ahead', stampAt(NOW + 900), NOW)
    clock.compare('behind', stampAt(NOW - 900), NOW)
    clock.compare('far', stampAt(NOW + 2 * day), NOW)
    const theirs = new VersionClock().next(NOW + 900)
    expect(clock.nextForAll(NOW + 1)).toBeGreaterThan(theirs)
    expect(clock.last).toBeLessThan(stampAt(NOW + 2_000))
    expect(clock.next(NOW + 1)).toBe(clock.last)
  })
})

describe('a wrong clock', () => {
  it('follows the median of its peers, and a right one follows nobody', () => {
    const wrong = new VersionClock()
    for (const peer of ['a', 'b', 'c']) wrong.compare(peer, stampAt(NOW), NOW + hour)
    expect(ahead(wrong, NOW + hour)).toBeCloseTo(-hour, -1)
    const right = new VersionClock()
    right.compare('a', stampAt(NOW), NOW)
    right.compare('b', stampAt(NOW), NOW)
    right.compare('wrong', stampAt(NOW + hour), NOW)
    expect(ahead(right, NOW)).toBe(0)
  })

  it('is not moved by any minority of liars', () => {
    const anyOffset = fc.integer({ min: -hour, max: hour })
    fc.assert(
      fc.property(fc.array(anyOffset, { maxLength: 4 }), lies => {
        const clock = new VersionClock()
        const honest = lies.length // and itself
        for (let i = 0; i < honest; i++) clock.compare(`honest ${i}`, stampAt(NOW), NOW)
        lies.forEach((lie, i) => {
          clock.compare(`liar ${i}`, stampAt(NOW + lie), NOW)
        })
        expect(ahead(clock, NOW)).toBe(0)
      }),
    )
  })

  it('is left alone up to a second: messages take their time', () => {
    const clock = new VersionClock()
    for (const peer of ['a', 'b', 'c']) clock.compare(peer, stampAt(NOW - 1_000), NOW)
    expect(ahead(clock, NOW)).toBe(0)
  })

  it('of two cannot be told from the right one, and drags nobody', () => {
    const right = new VersionClock()
    right.compare('reset', stampAt(0), NOW)
    expect(right.current(NOW)).toBe(stampAt(NOW))
    right.compare('fast', stampAt(NOW + hour), NOW)
    expect(right.current(NOW)).toBe(stampAt(NOW))
  })

  it('of four follows the nearer of the two in the middle', () => {
    for (const sign of [1, -1]) {
      const clock = new VersionClock()
      const offsets = [3 * hour, 2 * hour, hour].map(offset => sign * offset)
      offsets.forEach((offset, i) => {
        clock.compare(`peer ${i}`, stampAt(NOW + offset), NOW)
      })
      expect(clock.current(NOW)).toBe(stampAt(NOW + sign * hour))
    }
  })

  it('is judged by the peers there are, and keeps what it was taught when too few are left', () => {
    const clock = new VersionClock()
    for (const peer of ['a', 'b']) clock.compare(peer, stampAt(NOW - hour), NOW)
    expect(clock.current(NOW)).toBe(stampAt(NOW - hour))
    for (const peer of ['c', 'd', 'e']) clock.compare(peer, stampAt(NOW), NOW)
    expect(clock.current(NOW)).toBe(stampAt(NOW))
    for (const peer of ['c', 'd', 'e']) clock.forget(peer)
    expect(clock.current(NOW)).toBe(stampAt(NOW - hour))
    for (const peer of ['a', 'b']) clock.forget(peer)
    expect(clock.current(NOW)).toBe(stampAt(NOW - hour))
  })

  it('that was set right is used again, though one peer is left to compare with', () => {
    const clock = new VersionClock()
    for (const peer of ['a', 'b']) clock.compare(peer, stampAt(NOW), NOW - hour)
    clock.forget('a')
    expect(clock.current(NOW - hour)).toBe(stampAt(NOW))
    clock.compare('b', stampAt(NOW), NOW)
    expect(clock.current(NOW)).toBe(stampAt(NOW))
  })
})
