import { hashKey, qualifyKey } from '@cachemesh/protocol'
import { expect, it } from 'vitest'
import { Placement } from '../placement/placement.ts'
import { Store } from '../store/store.ts'
import { configurationOf, memberOf } from '../testing/members.ts'
import { Holdings } from './holdings.ts'
import { Leftovers } from './leftovers.ts'

const AT = { now: 1, wall: 1_800_000_000_000 }
const KEYS = Array.from({ length: 100 }, (_, i) => qualifyKey('default', `key ${i}`))

it('stays while somebody has not got it, also when it is only known to be deleted', () => {
  const placement = new Placement('me')
  placement.update(configurationOf(...['me', 'a'].map(id => memberOf(id))))
  const store = new Store(16 * 1024 * 1024)
  const leftovers = new Leftovers(new Holdings(store, placement))
  store.remove(KEYS.find(key => placement.owner(hashKey(key)) === 'a') as string, AT)
  leftovers.lost(store.clock.next(AT.wall))
  leftovers.sweep(member => member === 'a', true)
  expect(leftovers.any).toBe(true)
  leftovers.sweep(() => false, false)
  expect([leftovers.any, store.markers.size]).toEqual([false, 1])
})

it('goes as soon as its owner has it, though somebody else has not got his', () => {
  const placement = new Placement('me')
  placement.update(configurationOf(...['me', 'a', 'b'].map(id => memberOf(id))))
  const store = new Store(16 * 1024 * 1024)
  const entry = { value: new Uint8Array(1), contentType: '', expiresAt: Number.POSITIVE_INFINITY }
  for (const key of KEYS) store.write(key, entry, AT)
  const leftovers = new Leftovers(new Holdings(store, placement))
  leftovers.lost(store.clock.next(AT.wall))

  const held = (owner: string): number =>
    KEYS.filter(key => placement.owner(hashKey(key)) === owner && store.find(key) !== undefined).length
  const before = [held('me'), held('b')]
  expect(leftovers.sweep(member => member === 'b', true)).toBe(false)
  expect([held('me'), held('b')]).toEqual(before)
  expect(held('a')).toBe(0)
  expect(leftovers.any).toBe(true)
  expect(leftovers.sweep(() => false, false)).toBe(false)
  expect([held('me'), held('b')]).toEqual([before[0], 0])
  expect(leftovers.any).toBe(false)
})
