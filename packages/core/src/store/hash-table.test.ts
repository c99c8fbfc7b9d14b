import { hashKey } from '@cachemesh/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Blocks } from './blocks.ts'
import { entryOf } from './entry.ts'
import { HashTable } from './hash-table.ts'

/** A partition keeps no more entries of one hash. */
const ALIKE_MAX = 17
const MiB = 1024 * 1024

/** A table beside the entries that it points to. `hash` may be a bad one. */
function tableOf(partBits: number, hash: (key: string) => number = hashKey) {
  const blocks = new Blocks(4 * MiB)
  const table = new HashTable(blocks.segments, partBits, 12_345)
  const add = (key: string): number => {
    const entry = entryOf({ value: new Uint8Array(1), contentType: '', expiresAt: Infinity }, 1)
    const extent = blocks.extentOf(key, entry, false)
    let address = blocks.segments.take(extent.units)
    if (address === 0) {
      blocks.segments.grow()
      address = blocks.segments.take(extent.units)
    }
    const order = table.orderOf(hash(key))
    blocks.write(address, key, order, { entry, priority: false })
    table.add(order, address)
    return address
  }
  const find = (key: string): number => table.find(key, table.orderOf(hash(key)))
  const remove = (key: string, address: number): void => table.remove(table.orderOf(hash(key)), address)
  const walk = (slotsMax: number): string[] => {
    const keys: string[] = []
    let after: number | undefined
    do after = table.visit(after, slotsMax, (_order, address) => keys.push(blocks.keyOf(address)))
    while (after !== undefined)
    return keys
  }
  return { table, add, find, remove, walk }
}

const anyKey = fc.oneof(
  fc.string({ minLength: 1, maxLength: 3 }),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 4 }),
  fc.constantFrom('ключ', 'ключи', '\u{1f511}', '\u{1f511}\u{1f511}', 'é', 'e', '\ud800', 'x'.repeat(300)),
)
const anyHash = fc.constantFrom(
  hashKey,
  (key: string) => hashKey(key) & 7,
  (key: string) => (hashKey(key) & 0xff) << 24,
  () => 0xffff_ffff,
)

describe('the table of keys', () => {
  it('is a Map from keys to addresses, however bad the hash is', () => {
    fc.assert(
      fc.property(
        anyHash,
        fc.integer({ min: 0, max: 4 }),
        fc.array(fc.tuple(anyKey, fc.boolean()), { maxLength: 120 }),
        (hash, partBits, acts) => {
          const { table, add, find, remove, walk } = tableOf(partBits, hash)
          const model = new Map<string, number>()
          for (const [text, adds] of acts) {
            const key = text.toWellFormed()
            const address = model.get(key)
            expect(find(key)).toBe(address ?? 0)
            const alike = [...model.keys()].filter(other => hash(other) === hash(key)).length
            if (adds && address === undefined && alike < ALIKE_MAX) model.set(key, add(key))
            else if (!adds && address !== undefined) {
              remove(key, address)
              model.delete(key)
            }
          }
          for (const [key, address] of model) expect(find(key)).toBe(address)
          expect(table.size).toBe(model.size)
          expect(walk(3).sort()).toEqual([...model.keys()].sort())
        },
      ),
    )
  })

  it('grows and shrinks with what is in it', () => {
    const { table, add, find, remove } = tableOf(2)
    const empty = table.bytes
    const addresses = Array.from({ length: 10_000 }, (_, i) => add(`key ${i}`))
    expect(table.bytes / table.size).toBeLessThan(16)
    for (const [i, address] of addresses.entries()) {
      expect(find(`key ${i}`)).toBe(address)
      remove(`key ${i}`, address)
      expect(find(`key ${i}`)).toBe(0)
    }
    expect(table.bytes).toBeLessThan(2 * empty)
  })

  it('is walked in an order that no growth changes: who stays is met once', () => {
    const { table, add, walk } = tableOf(1)
    for (let i = 0; i < 500; i++) add(`stays ${i}`)
    const before = walk(1_000)
    const met: number[] = []
    let after: number | undefined
    let added = 0
    do {
      after = table.visit(after, 7, (_order, address) => met.push(address))
      for (let i = 0; i < 20; i++) add(`comes ${added++}`)
    } while (after !== undefined)
    expect(new Set(met).size).toBe(met.length)
    const order = walk(1_000).filter(key => key.startsWith('stays'))
    expect(order).toEqual(before)
  })

  it('knows the hash by the ordering', () => {
    const { table } = tableOf(0)
    fc.assert(
      fc.property(fc.nat(0xffff_ffff), hash => {
        expect(table.hashOf(table.orderOf(hash))).toBe(hash)
      }),
    )
  })
})
