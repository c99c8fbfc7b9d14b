import { alterationOf, hashKey, qualifyKey } from '@cachemesh/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deleteMarker, entryOf } from '../store/entry.ts'
import { arcOf } from '../store/floors.ts'
import { Store } from '../store/store.ts'
import { accept, mergeFloors } from './accept.ts'
import { alter } from './alter.ts'

const DAY_MS = 86_400_000
const NEVER = Number.POSITIVE_INFINITY
const AT = { now: 1, wall: 1_800_000_000_000, valueBytesMax: 1_000_000 }
const KEYS = ['a', 'b', qualifyKey('\0n\0', 'a'), qualifyKey('\0n\0', 'b')]

function newStore(): Store {
  return new Store(2 * 1024 * 1024)
}

function arrive(store: Store, key: string, version: number, { byte = 1, tags = [] as number[] } = {}) {
  const entry = entryOf({ value: Uint8Array.of(byte), contentType: '', expiresAt: NEVER, tags }, version)
  return accept(store, { key, hash: hashKey(key), entry }, AT)
}

/** Whatever can come from elsewhere. One version of a key has one kind of tags, as one write has. */
const anyArrival = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      act: fc.constant('entry' as const),
      key: fc.constantFrom(...KEYS),
      version: fc.integer({ min: 1, max: 9 }),
      byte: fc.nat(2),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      act: fc.constant('marker' as const),
      key: fc.constantFrom(...KEYS),
      version: fc.integer({ min: 1, max: 9 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      act: fc.constant('floor' as const),
      key: fc.constantFrom(...KEYS),
      version: fc.integer({ min: 1, max: 9 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ act: fc.constant('clear' as const), version: fc.integer({ min: 1, max: 9 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      act: fc.constant('tag' as const),
      slot: fc.nat(2),
      version: fc.integer({ min: 1, max: 9 }),
    }),
  },
)

function take(store: Store, arrival: typeof anyArrival extends fc.Arbitrary<infer A> ? A : never): void {
  if (arrival.act === 'entry') {
    const { key, version, byte } = arrival
    arrive(store, key, version, { byte, tags: version % 4 === 3 ? [] : [version % 4] })
  } else if (arrival.act === 'marker') {
    const { key, version } = arrival
    accept(store, { key, hash: hashKey(key), entry: deleteMarker(version, 0) }, AT)
  } else if (arrival.act === 'floor') {
    mergeFloors(store, [{ arc: arcOf(hashKey(arrival.key)), version: arrival.version }], AT)
  } else if (arrival.act === 'clear') store.erasures.namespace('n', arrival.version)
  else store.erasures.tag(arrival.slot, arrival.version)
}

function shown(store: Store) {
  return KEYS.map(key => {
    const entry = store.read(key, 1)
    return [key, entry && [entry.version, entry.value[0]]]
  })
}

describe('what comes from elsewhere', () => {
  it('ends alike in every order, however often it comes', () => {
    fc.assert(
      fc.property(
        fc
          .array(anyArrival, { maxLength: 14 })
          .chain(all =>
            fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }), fc.subarray(all)),
          ),
        ([all, shuffled, again]) => {
          const one = newStore()
          const other = newStore()
          for (const arrival of all) take(one, arrival)
          for (const arrival of [...again, ...shuffled, ...again]) {
            take(other, arrival)
            shown(other)
          }
          expect(shown(other)).toEqual(shown(one))
        },
      ),
      { numRuns: 500 },
    )
  })

  it('is stored when it is newer, and older or the same changes nothing', () => {
    const store = newStore()
    expect(arrive(store, 'a', 5)).toBe('stored')
    expect(arrive(store, 'a', 5)).toBe('older')
    expect(arrive(store, 'a', 4)).toBe('older')
    expect(arrive(store, 'a', 5, { byte: 2 })).toBe('stored')
    expect(arrive(store, 'a', 6)).toBe('stored')
    expect(store.read('a', 1)?.version).toBe(6)
  })

  it('does not bring back what was deleted, neither while there is a marker nor afterwards', () => {
    const store = newStore()
    arrive(store, 'a', 5)
    const marker = deleteMarker(7, NEVER)
    expect(accept(store, { key: 'a', hash: hashKey('a'), entry: marker }, AT)).toBe('stored')
    expect(arrive(store, 'a', 5)).toBe('older')
    store.markers.clear()
    expect(arrive(store, 'a', 7)).toBe('below-floor')
    expect(arrive(store, 'a', 8)).toBe('stored')
  })

  it('would bring it back when floors were not looked at', () => {
    const store = newStore()
    store.floors.of = () => 0
    arrive(store, 'a', 5)
    accept(store, { key: 'a', hash: hashKey('a'), entry: deleteMarker(7, NEVER) }, AT)
    store.markers.clear()
    expect(arrive(store, 'a', 5)).toBe('stored')
  })

  it('passes below a floor when the owner, who would know, sends it', () => {
    const store = newStore()
    store.floors.raise(arcOf(hashKey('a')), 7)
    const entry = entryOf({ value: new Uint8Array(1), contentType: '', expiresAt: NEVER }, 5)
    expect(accept(store, { key: 'a', hash: hashKey('a'), entry }, AT)).toBe('below-floor')
    expect(accept(store, { key: 'a', hash: hashKey('a'), entry, fromOwner: true }, AT)).toBe('stored')
  })

  it('is refused when it comes from the future, and a write here is above all that was taken', () => {
    const store = newStore()
    const ahead = store.clock.current(AT.wall + 2 * DAY_MS)
    expect(arrive(store, 'a', ahead)).toBe('ahead')
    const near = store.clock.current(AT.wall + DAY_MS / 2)
    expect(arrive(store, 'a', near)).toBe('stored')
    const entry = { value: new Uint8Array(1) }
    const { version } = alter(store, { key: 'a', ...alterationOf('set', { entry }) }, AT)
    expect(version).toBeGreaterThan(near)
  })

  it('is deleted also by who has a clock that is minutes ahead, and what is written here later is newer', () => {
    const store = newStore()
    const old = store.clock.current(AT.wall)
    arrive(store, 'a', old)
    const deletedAt = store.clock.current(AT.wall + 130_000)
    const marker = deleteMarker(deletedAt, NEVER)
    expect(accept(store, { key: 'a', hash: hashKey('a'), entry: marker }, AT)).toBe('stored')
    expect(arrive(store, 'a', old)).toBe('older')
    const entry = { value: new Uint8Array(1) }
    const { version } = alter(store, { key: 'a', ...alterationOf('set', { entry }) }, AT)
    expect(version).toBeGreaterThan(deletedAt)
  })

  it('is below no write of this node, whatever floors came with it', () => {
    const store = newStore()
    const floor = store.clock.current(AT.wall + 130_000)
    mergeFloors(store, [{ arc: arcOf(hashKey('a')), version: floor }], AT)
    const entry = { value: new Uint8Array(1) }
    const { version } = alter(store, { key: 'a', ...alterationOf('set', { entry }) }, AT)
    expect(version).toBeGreaterThan(floor)
  })

  it('with floors that rise takes what may have been deleted away, and nothing else', () => {
    const store = newStore()
    arrive(store, 'a', 5)
    arrive(store, 'b', 5)
    expect(arcOf(hashKey('a'))).not.toBe(arcOf(hashKey('b')))
    const floors = [{ arc: arcOf(hashKey('a')), version: 6 }]
    expect(mergeFloors(store, floors, AT)).toBe(1)
    expect(mergeFloors(store, floors, AT)).toBe(0)
    expect([store.read('a', 1), store.read('b', 1)?.version]).toEqual([undefined, 5])
  })
})
