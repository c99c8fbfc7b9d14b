import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BOUNDS } from '../limits/limits.ts'
import { type Entry, entryBytes, entryOf } from './entry.ts'
import { Partition } from './partition.ts'

const NEVER = Number.POSITIVE_INFINITY

function entryWith(bytes: number, expiresAt = NEVER): Entry {
  return entryOf({ value: new Uint8Array(bytes), contentType: 'text/plain', expiresAt }, 1)
}

const anyKey = fc.constantFrom('a', 'b', 'c', 'key', 'ключ', '\u{1f511}', 'k'.repeat(300))
const anyAct = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      act: fc.constant('put' as const),
      key: anyKey,
      bytes: fc.nat(900),
      ttl: fc.nat(20),
    }),
  },
  { weight: 3, arbitrary: fc.record({ act: fc.constant('get' as const), key: anyKey }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('delete' as const), key: anyKey }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('wait' as const), ms: fc.nat(8) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('clear' as const) }) },
)

describe('a partition', () => {
  it('is the most recently used entries that fit, and counts every byte of them', () => {
    fc.assert(
      fc.property(fc.array(anyAct, { maxLength: 60 }), acts => {
        const bytesMax = 3_000
        const partition = new Partition(bytesMax)
        // Least recently used first, as a Map that is written anew at every use.
        const model = new Map<string, Entry>()
        const used = (): number => [...model].reduce((sum, [key, entry]) => sum + entryBytes(key, entry), 0)
        let now = 1
        for (const act of acts) {
          if (act.act === 'put') {
            const entry = entryWith(act.bytes, act.ttl === 0 ? NEVER : now + act.ttl)
            if (!partition.fits(act.key, entry)) continue
            partition.put(act.key, entry)
            model.delete(act.key)
            model.set(act.key, entry)
            for (const key of model.keys()) if (used() > bytesMax) model.delete(key)
          } else if (act.act === 'get') {
            const entry = model.get(act.key)
            const wanted = entry !== undefined && entry.expiresAt > now ? entry : undefined
            expect(partition.get(act.key, now)).toBe(wanted)
            model.delete(act.key)
            if (wanted !== undefined) model.set(act.key, wanted)
          } else if (act.act === 'delete') {
            expect(partition.delete(act.key)).toBe(model.delete(act.key))
          } else if (act.act === 'clear') {
            partition.clear()
            model.clear()
          } else {
            now += act.ms
          }
          expect(partition.stats).toMatchObject({ entries: model.size, bytes: used(), bytesMax })
        }
      }),
    )
  })

  it('counts value, key and content type, and what an entry costs besides', () => {
    const partition = new Partition(10_000)
    partition.put('key', { ...entryWith(100), contentType: 'a/b' })
    expect(partition.stats.bytes).toBe(100 + 3 * 2 + 3 * 2 + BOUNDS.entryOverheadBytes)
    // Node's Buffer is an array of bytes like any other.
    partition.put('key', { ...entryWith(0), value: Buffer.alloc(500), contentType: '' })
    expect(partition.stats.bytes).toBe(500 + 3 * 2 + BOUNDS.entryOverheadBytes)
  })

  it('ends an entry at the moment it expires, by the time it is told', () => {
    const partition = new Partition(10_000)
    partition.put('a', entryWith(1, 100))
    expect(partition.get('a', 99.9)).toBeDefined()
    expect(partition.get('a', 100)).toBeUndefined()
    expect(partition.stats).toMatchObject({ entries: 0, bytes: 0, expirations: 1, evictions: 0 })
  })

  it('counts evictions, and not what is written over or deleted', () => {
    const partition = new Partition(3 * (BOUNDS.entryOverheadBytes + 200))
    for (const key of ['a', 'b', 'c']) partition.put(key, entryWith(100))
    partition.put('a', entryWith(120))
    partition.delete('b')
    expect(partition.stats.evictions).toBe(0)
    for (const key of ['d', 'e']) partition.put(key, entryWith(100))
    expect(partition.stats).toMatchObject({ entries: 3, evictions: 1 })
    expect(partition.get('c', 1)).toBeUndefined()
  })
})
