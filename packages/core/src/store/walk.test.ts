import { hashKey } from '@cachemesh/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { entryOf } from './entry.ts'
import { jitteredTtl } from './lifetime.ts'
import { Store } from './store.ts'

const MiB = 1024 * 1024

function put(store: Store, key: string, bytes: number): void {
  const value = new Uint8Array(bytes)
  store.put(key, entryOf({ value, contentType: '', expiresAt: Infinity }, store.clock.next(1)), 1)
}

/** Walks to the end; `between` happens after each batch. */
function walked(
  store: Store,
  includes: (hash: number) => boolean,
  { count, between }: { readonly count: number; readonly between: () => void },
): string[] {
  const walk = store.walk(includes)
  const keys: string[] = []
  let cursor: number | undefined = 0
  do {
    cursor = walk.next(cursor, count, ({ key, hash, entry }) => {
      expect(hash).toBe(hashKey(key))
      expect(entry.version).toBeGreaterThan(0)
      keys.push(key)
    })
    between()
  } while (cursor !== undefined)
  return keys
}

describe('a walk over a range', () => {
  it('shows whoever stays once, and nobody of another range, whatever is written meanwhile', () => {
    const anyBound = fc.nat(0xffff_ffff)
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        anyBound,
        fc.array(fc.tuple(fc.nat(300), fc.nat(400), fc.boolean()), { minLength: 1, maxLength: 100 }),
        (count, bound, acts) => {
          const store = new Store(2 * MiB)
          for (let i = 0; i < 300; i++) put(store, `key ${i}`, 10)
          const removed = new Set<string>()
          let act = 0
          const between = (): void => {
            const [number, bytes, removes] = acts[act++ % acts.length] as [number, number, boolean]
            const key = `key ${number}`
            if (removes) store.owned.delete(key)
            else put(store, removed.has(key) ? `new ${number}` : key, bytes)
            if (removes) removed.add(key)
          }
          const keys = walked(store, hash => hash <= bound, { count, between })
          expect(new Set(keys).size).toBe(keys.length)
          expect(keys.every(key => hashKey(key) <= bound)).toBe(true)
          for (let i = 0; i < 300; i++) {
            const key = `key ${i}`
            if (!removed.has(key) && hashKey(key) <= bound) expect(keys).toContain(key)
          }
        },
      ),
      { numRuns: 50 },
    )
  })

  it('begins with those that are hit most', () => {
    const store = new Store(2 * MiB)
    for (let i = 0; i < 1_000; i++) put(store, `key ${i}`, 10)
    const hot = Array.from({ length: 50 }, (_, i) => `key ${i * 20}`)
    for (let round = 0; round < 3; round++) for (const key of hot) store.read(key, 1)
    const keys = walked(store, () => true, { count: 10, between: () => {} })
    expect(keys.length).toBe(1_000)
    expect(keys.slice(0, 50).sort()).toEqual(hot.sort())
  })

  it('goes back to what was lost on its way', () => {
    const store = new Store(2 * MiB)
    for (let i = 0; i < 100; i++) put(store, `key ${i}`, 10)
    const walk = store.walk(() => true)
    const batch = (cursor: number): string[] => {
      const keys: string[] = []
      walk.next(cursor, 10, ({ key }) => keys.push(key))
      return keys
    }
    expect([batch(0).length, walk.length]).toEqual([10, 100])
    expect(batch(30)).toEqual(batch(30))
    expect(walk.next(100, 10, () => expect.unreachable())).toBeUndefined()
  })
})

describe('a time to live', () => {
  it('gets shorter by up to a tenth, and never none', () => {
    fc.assert(
      fc.property(
        fc.nat(1e9),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (ttlMs, fraction) => {
          const ttl = jitteredTtl(ttlMs, fraction)
          if (ttlMs === 0) expect(ttl).toBe(0)
          else expect(ttl >= Math.max(1, Math.floor(0.9 * ttlMs)) && ttl <= ttlMs).toBe(true)
        },
      ),
    )
  })
})
