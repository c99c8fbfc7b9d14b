import { Configuration, hashKey, registerRecord } from '@cachemesh/protocol'
import { describe, expect, it } from 'vitest'
import { Placement } from '../placement/placement.ts'
import { entryOf } from '../store/entry.ts'
import { Store } from '../store/store.ts'
import { configurationOf, memberOf } from '../testing/members.ts'
import { Arrivals } from './arrivals.ts'
import { carriedOf } from './carrying.ts'
import { Holdings } from './holdings.ts'

const AT = { now: 1_000, wall: 1_800_000_000_000 }
const IDS = ['me', 'p', 'q', 'r']

/** A configuration in which each entry has a replica. */
function replicated(...ids: string[]): Configuration {
  const setting = registerRecord({ name: 'settings/replicas', counter: 1, json: '1' })
  const text = configurationOf(...ids.map(id => memberOf(id))).write([setting])
  return Configuration.of(text, { serial: 2, timestamp: 1 })
}

/**
 * A node that holds a key since two members went, at this place of the list, had an entry of it and has evicted that.
 * Returns whether it takes an older one from a member.
 */
function takes(place: number, from: 'owner' | 'former' | 'stranger', { isExpected = true } = {}): boolean {
  const placement = new Placement('me')
  const former = new Placement('me', placement.rings)
  former.update(replicated(...IDS, 'gone', 'left'))
  placement.update(replicated(...IDS))
  const keys = Array.from({ length: 500 }, (_, i) => `key ${i}`).map(key => ({ key, hash: hashKey(key) }))
  const target = keys.find(
    one => !former.isHolder('me', one) && placement.holders(one)[place] === 'me',
  ) as (typeof keys)[number]
  const [owner, replica] = placement.holders(target)
  const peers = {
    owner: owner === 'me' ? replica : owner,
    former: former.holders(target).find(id => id !== owner),
    stranger: IDS.find(id => !former.isHolder(id, target) && !placement.isHolder(id, target)),
  }
  const store = new Store(1024 * 1024)
  const written = { value: new Uint8Array(1), contentType: '', expiresAt: Number.POSITIVE_INFINITY }
  const older = entryOf(written, store.clock.next(AT.wall))
  const arrivals = new Arrivals(new Holdings(store, placement), former)
  store.write(target.key, written, AT)
  store.owned.evictOne()
  const entries = [{ key: target.key, entry: carriedOf(older, AT.now) }]
  arrivals.takePage(peers[from] as string, entries, { at: AT, isExpected })
  return store.latest(target.key) !== undefined
}

describe('an entry that may be older than one that this node has evicted', () => {
  it.each([true, false])(
    'is not taken by a replica from who kept it in the place of others, though it has just got the key (it expects something of that member: %s)',
    isExpected => {
      expect(takes(1, 'stranger', { isExpected })).toBe(false)
    },
  )

  it('is taken from the owner, from whom it has what it answers', () => {
    expect(takes(1, 'owner')).toBe(true)
  })

  it('is taken from those who held the key before, and by its owner from anybody: else a hand-off would lose it', () => {
    expect([takes(1, 'former'), takes(0, 'former'), takes(0, 'stranger')]).toEqual([true, true, true])
  })
})
