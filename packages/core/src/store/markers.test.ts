import { hashKey } from '@cachemesh/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BOUNDS, TIMES } from '../limits/limits.ts'
import { entryOf } from './entry.ts'
import { arcOf, Floors } from './floors.ts'
import { Markers } from './markers.ts'
import { Store } from './store.ts'

const MiB = 1024 * 1024
const WALL = 1_800_000_000_000

function floorOf(floors: Floors, key: string): number {
  return floors.of(hashKey(key))
}

describe('delete markers', () => {
  it('say since which version there is nothing, and no read meets one', () => {
    const store = new Store(2 * MiB)
    const entry = { value: new Uint8Array(3), contentType: '', expiresAt: Number.POSITIVE_INFINITY }
    store.write('a', entry, { now: 1, wall: WALL })
    const { version } = store.remove('a', { now: 2, wall: WALL })
    expect(store.latest('a')).toMatchObject({ deleted: true, version })
    expect(store.read('a', 3)).toBeUndefined()
    expect(store.find('a')).toBeUndefined()
    const later = store.write('a', entry, { now: 4, wall: WALL })
    expect(store.latest('a')).toMatchObject({ deleted: false, version: later.version })
    expect(store.markers.size).toBe(0)
    expect(store.floors.of(hashKey('a'))).toBe(0)
  })

  it('are kept under the version that somebody else gave them', () => {
    const store = new Store(2 * MiB)
    const entry = { value: new Uint8Array(3), contentType: '', expiresAt: Number.POSITIVE_INFINITY }
    store.put('a', entryOf(entry, 7), 1)
    expect(store.read('a', 1)?.version).toBe(7)
    store.put('a', { ...entryOf(entry, 9), deleted: true }, 1)
    expect(store.read('a', 1)).toBeUndefined()
    expect(store.latest('a')).toMatchObject({ deleted: true, version: 9 })
  })

  it('that are ten minutes old leave the floor of their arc behind', () => {
    const floors = new Floors()
    const markers = new Markers(MiB, floors)
    markers.put('old', 5, 0)
    markers.put('younger', 6, 1)
    markers.put('now', 7, TIMES.markerMs)
    expect([markers.get('old'), floorOf(floors, 'old')]).toEqual([undefined, 5])
    expect([markers.get('younger')?.version, floorOf(floors, 'younger')]).toEqual([6, 0])
  })

  it('keep their budget, and each of them is remembered by its key or by a floor', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(30), fc.nat(TIMES.markerMs)), { maxLength: 80 }), acts => {
        const floors = new Floors()
        const bytesMax = 8 * (BOUNDS.markerOverheadBytes + 2 * 'key 30'.length)
        const markers = new Markers(bytesMax, floors)
        const versions = new Map<string, number>()
        let now = 0
        acts.forEach(([number, ms], i) => {
          now += ms
          const key = `key ${number}`
          markers.put(key, i + 1, now)
          versions.set(key, i + 1)
          expect(markers.bytes).toBeLessThanOrEqual(bytesMax)
          expect(markers.get(key)?.version).toBe(i + 1)
        })
        for (const [key, version] of versions) {
          const known = Math.max(markers.get(key)?.version ?? 0, floorOf(floors, key))
          expect(known).toBeGreaterThanOrEqual(version)
        }
      }),
    )
  })

  it('outlive a flush as floors', () => {
    const store = new Store(2 * MiB)
    const { version } = store.remove('a', { now: 1, wall: WALL })
    store.flush()
    expect(store.markers.bytes).toBe(0)
    expect(floorOf(store.floors, 'a')).toBe(version)
  })
})

describe('floors', () => {
  it('are the greatest that was said of each arc, in whatever order', () => {
    const anyFloors = fc.array(fc.record({ arc: fc.nat(65_535), version: fc.integer({ min: 1, max: 9 }) }), {
      maxLength: 30,
    })
    fc.assert(
      fc.property(anyFloors, said => {
        const floors = new Floors()
        const backwards = new Floors()
        for (const { arc, version } of said) floors.raise(arc, version)
        for (const { arc, version } of said.toReversed()) backwards.raise(arc, version)
        const expected = new Map<number, number>()
        for (const { arc, version } of said) expected.set(arc, Math.max(version, expected.get(arc) ?? 0))
        const all = floors.between(0, 65_535)
        expect(all).toEqual(backwards.between(0, 65_535))
        expect(new Map(all.map(({ arc, version }) => [arc, version]))).toEqual(expected)
      }),
    )
  })

  it('are told by arcs, which the top bits of a hash name', () => {
    const floors = new Floors()
    const hash = hashKey('a')
    expect(floors.raise(arcOf(hash), 3)).toBe(true)
    expect(floors.raise(arcOf(hash), 2)).toBe(false)
    expect(floors.of(hash)).toBe(3)
    expect(floors.between(arcOf(hash), arcOf(hash))).toEqual([{ arc: arcOf(hash), version: 3 }])
    expect(floors.between(0, arcOf(hash) - 1)).toEqual([])
  })
})
