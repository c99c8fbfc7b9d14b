import { describe, expect, it } from 'vitest'
import { BOUNDS } from '../limits/limits.ts'
import { codeOf } from '../testing/codes.ts'
import { entryOf } from './entry.ts'
import { Store } from './store.ts'

const MiB = 1024 * 1024
const AT = { now: 1, wall: 1_800_000_000_000 }

function bytesOf(bytes: number, expiresAt = Number.POSITIVE_INFINITY) {
  return { value: new Uint8Array(bytes), contentType: '', expiresAt }
}

describe('a store', () => {
  it('keeps its budget whatever is written', () => {
    const store = new Store(2 * MiB)
    for (let i = 0; i < 500; i++) {
      const { version } = store.write(`key ${i}`, bytesOf(10_000), AT)
      store.copies.put(`copy ${i}`, entryOf(bytesOf(10_000), version))
      const { owned, copies } = store.stats
      expect(owned.bytes + copies.bytes).toBeLessThanOrEqual(2 * MiB)
    }
    expect(store.stats.owned.evictions).toBeGreaterThan(0)
    expect(store.stats.copies.evictions).toBeGreaterThan(0)
  })

  it('does not let copies of what others own push out what it owns', () => {
    const store = new Store(2 * MiB)
    store.write('own', bytesOf(100), AT)
    for (let i = 0; i < 500; i++) store.copies.put(`copy ${i}`, entryOf(bytesOf(10_000), 1))
    expect(store.read('own', 1)).toBeDefined()
  })

  it('gives each write a greater version and says what was there before', () => {
    const store = new Store(2 * MiB)
    const first = store.write('a', bytesOf(1, 50), AT)
    const second = store.write('a', bytesOf(2, 50), AT)
    expect([first.existed, second.existed]).toEqual([false, true])
    expect(second.version).toBeGreaterThan(first.version)
    expect(store.read('a', 49)).toMatchObject({ version: second.version, value: new Uint8Array(2) })
    expect(store.read('a', 50)).toBeUndefined()
    expect(store.write('a', bytesOf(1), { ...AT, now: 60 }).existed).toBe(false)
    const removed = store.remove('a', { ...AT, now: 61 })
    expect(removed.existed).toBe(true)
    expect(removed.version).toBeGreaterThan(second.version)
    expect(store.remove('a', { ...AT, now: 62 }).existed).toBe(false)
    expect(store.read('a', 63)).toBeUndefined()
  })

  it('refuses a value that it could never keep, and keeps the one before', () => {
    const store = new Store(BOUNDS.cacheBytesMin)
    store.write('a', bytesOf(10), AT)
    const others = Array.from({ length: 200 }, (_, i) => `other ${i}`)
    for (const key of others) store.write(key, bytesOf(1_000), AT)
    expect(codeOf(() => store.write('a', bytesOf(BOUNDS.cacheBytesMin), AT))).toBe('ERR_VALUE_TOO_LARGE')
    expect(store.read('a', 1)?.value.length).toBe(10)
    for (const key of others) expect(store.read(key, 1)).toBeDefined()
    // What fits alone is kept, and pushes others out.
    store.write('a', bytesOf(0.85 * BOUNDS.cacheBytesMin), AT)
    expect(store.stats.owned.evictions).toBeGreaterThan(0)
    expect(store.stats.usedBytes).toBeLessThanOrEqual(BOUNDS.cacheBytesMin)
    expect(store.read('a', 1)?.value.length).toBe(Math.floor(0.85 * BOUNDS.cacheBytesMin))
  })

  it('refuses a cache that is too small to be one, or of no size', () => {
    for (const bytes of [0, -1, Number.NaN, BOUNDS.cacheBytesMin - 1]) {
      expect(codeOf(() => new Store(bytes))).toBe('ERR_INVALID_ARGUMENT')
    }
  })
})

describe('the reserved partition', () => {
  it('is out of reach of a full cache, of expiry and of a flush', () => {
    const store = new Store(BOUNDS.cacheBytesMin)
    const configuration = new Uint8Array([1, 2, 3])
    store.reserved.put('configuration', configuration)
    for (let i = 0; i < 1_000; i++) {
      store.write(`configuration`, bytesOf(5_000, 2), AT)
      store.write(`key ${i}`, bytesOf(5_000, 2), AT)
      store.copies.put(`copy ${i}`, entryOf(bytesOf(5_000, 2), 1))
    }
    store.read('configuration', 1e12)
    store.remove('configuration', AT)
    store.flush()
    expect(store.stats).toMatchObject({ owned: { entries: 0, bytes: 0 }, copies: { entries: 0, bytes: 0 } })
    expect(store.reserved.get('configuration')).toBe(configuration)
    expect(store.stats.reservedBytes).toBe(3)
  })

  it('has a budget of its own, and keeps what it has when something larger does not fit', () => {
    const { reserved } = new Store(BOUNDS.cacheBytesMin)
    reserved.put('configuration', new Uint8Array(3))
    reserved.put('other', new Uint8Array(4))
    const tooLarge = new Uint8Array(BOUNDS.reservedBytes - 3)
    expect(codeOf(() => reserved.put('configuration', tooLarge))).toBe('ERR_VALUE_TOO_LARGE')
    expect(reserved.get('configuration')?.length).toBe(3)
    expect(reserved.bytes).toBe(7)
    reserved.put('configuration', tooLarge.subarray(1))
    expect(reserved.bytes).toBe(BOUNDS.reservedBytes)
    reserved.delete('configuration')
    reserved.delete('configuration')
    expect(reserved.bytes).toBe(4)
  })
})
