import { hashKey } from '@cachemesh/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BOUNDS } from '../limits/limits.ts'
import { Store } from '../store/store.ts'
import { ClockWatch } from './clock-watch.ts'
import { Grants } from './grants.ts'
import { Held } from './held.ts'

const LEASE_MS = 1_000

function granted(version: number, askedAt: number) {
  return { version, askedAt, leaseMs: LEASE_MS, value: Uint8Array.of(version), contentType: '', ttlMs: 0 }
}

describe('a copy', () => {
  it('ends before its owner stops to count on it, however long request and answer took', () => {
    const anyTime = fc.integer({ min: 0, max: 2 * LEASE_MS })
    fc.assert(
      fc.property(anyTime, anyTime, anyTime, (thereMs, backMs, laterMs) => {
        const grants = new Grants()
        const held = new Held(new Store(2 ** 20))
        const [askedAt, answeredAt] = [5, 5 + thereMs]
        const now = answeredAt + backMs
        grants.grant('k', 'holder', { now: answeredAt, leaseMs: LEASE_MS })
        held.keep('k', granted(1, askedAt), now)
        const answers = held.read('k', now + laterMs) !== undefined
        if (answers) expect(grants.holders('k', now + laterMs)).toEqual(['holder'])
        expect(answers).toBe(now < askedAt + LEASE_MS && now + laterMs < askedAt + LEASE_MS)
      }),
    )
  })

  it('is memory of its own, with the time to live that is left', () => {
    const held = new Held(new Store(2 ** 20))
    const value = Uint8Array.of(1, 2)
    held.keep('k', { ...granted(1, 0), value, ttlMs: 300 }, 10)
    value[0] = 9
    expect(held.read('k', 20)?.value).toEqual(Uint8Array.of(1, 2))
    expect(held.read('k', 310)).toBeUndefined()
  })

  it('never replaces a later one: two answers may come in any order', () => {
    const held = new Held(new Store(2 ** 20))
    held.keep('k', granted(2, 0), 1)
    held.keep('k', granted(1, 0), 2)
    expect(held.read('k', 3)?.version).toBe(2)
  })

  it('is gone when its owner says so, when its namespace is cleared, and when time cannot be told', () => {
    const store = new Store(2 ** 20)
    const held = new Held(store)
    for (const end of [() => held.drop('n\0k'), () => held.void()]) {
      held.keep('n\0k', granted(3, 0), 1)
      expect(held.read('n\0k', 2)).toBeDefined()
      end()
      expect([held.read('n\0k', 2), held.lapsed('n\0k')]).toEqual([undefined, false])
    }
  })

  it('is gone when something was deleted by a tag since, for nobody here knows its own', () => {
    const store = new Store(2 ** 20)
    const held = new Held(store)
    held.keep('k', granted(3, 0), 1)
    store.erasures.tag(7, 2)
    expect(held.read('k', 2)).toBeDefined()
    store.erasures.tag(8, 3)
    expect(held.read('k', 2)).toBeUndefined()
    held.keep('k', granted(4, 0), 3)
    store.erasures.namespace('default', 4)
    expect(held.read('k', 4)).toBeUndefined()
  })

  it('of what this node writes is over, and known to have been there until the next one comes', () => {
    const held = new Held(new Store(2 ** 20))
    held.lapse('k', hashKey('k'))
    held.keep('k', granted(2, 0), 1)
    held.lapse('k', hashKey('k'))
    expect([held.read('k', 1), held.lapsed('k')]).toEqual([undefined, true])
    held.keep('k', granted(1, 0), 2)
    expect(held.read('k', 2)).toBeUndefined()
    held.keep('k', granted(3, 0), 3)
    expect(held.read('k', 3)?.version).toBe(3)
  })

  it('whose lease is over is known to have been there', () => {
    const held = new Held(new Store(2 ** 20))
    expect(held.lapsed('k')).toBe(false)
    held.keep('k', granted(1, 0), 1)
    expect([held.read('k', LEASE_MS), held.lapsed('k')]).toEqual([undefined, true])
  })
})

describe('grants', () => {
  it('are revoked once, and only those that may still be in use', () => {
    const grants = new Grants()
    grants.grant('k', 'a', { now: 0, leaseMs: 10 })
    grants.grant('k', 'b', { now: 5, leaseMs: 10 })
    expect(grants.revoke('k', 12)).toEqual([{ peer: 'b', until: 15 }])
    expect([grants.revoke('k', 12), grants.size]).toEqual([[], 0])
  })

  it('of which nothing is left are forgotten, and no more keys have copies than may', () => {
    const grants = new Grants()
    for (let i = 0; i < BOUNDS.grantedKeysMax; i++) {
      expect(grants.grant(`k${i}`, 'a', { now: i, leaseMs: 10 })).toBe(true)
    }
    expect(grants.grant('one more', 'a', { now: 0, leaseMs: 10 })).toBe(false)
    expect(grants.grant('k0', 'b', { now: 0, leaseMs: 10 })).toBe(true)
    expect(grants.wakeAt).toBe(10)
    grants.sweep(BOUNDS.grantedKeysMax)
    expect(grants.size).toBe(9)
    grants.sweep(BOUNDS.grantedKeysMax + 10)
    expect([grants.size, grants.wakeAt]).toEqual([0, Number.POSITIVE_INFINITY])
  })
})

describe('clocks', () => {
  it('are believed while they go on together, and steps come often', () => {
    const watch = new ClockWatch({ now: 0, wall: 1e12 })
    expect(watch.jumped({ now: 1_000, wall: 1e12 + 1_100 })).toBe(false)
    expect(watch.jumped({ now: 2_600, wall: 1e12 + 2_700 })).toBe(true)
    expect(watch.jumped({ now: 2_700, wall: 1e12 + 2_800 })).toBe(false)
    // Suspended for a minute, of which the monotonic clock knows nothing; or set back by somebody.
    for (const wall of [60_000, -60_000]) {
      const suspended = new ClockWatch({ now: 0, wall: 1e12 })
      expect(suspended.jumped({ now: 100, wall: 1e12 + wall })).toBe(true)
      expect(suspended.jumped({ now: 200, wall: 1e12 + wall + 100 })).toBe(false)
    }
  })
})
