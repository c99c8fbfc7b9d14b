// The table of keys: open addressing over typed arrays, each slot the ordering of a key and the address of its entry.
// Slots are in the order of their orderings, with gaps (ordered linear probing: Amble and Knuth, 1974), so a search
// ends where the key would stand, growing is one pass from left to right, and the whole table can be walked in an
// order that no growth and no write changes.
//
// It is cut into parts of some ten thousand slots, which grow by a quarter each by itself: nobody waits long for that.

import { hasKey } from './key-text.ts'
import type { Segments } from './segments.ts'

const GROWTH = 1.25
const SLOTS_MIN = 16
/** Entries per slot, at most. */
const LOAD = 0.85
/** With fewer the part shrinks. */
const LOW = 0.2
/**
 * Slots behind the last one: what belongs there is not wrapped round, for the order's sake. More than the entries of
 * one hash that there may be (partition.ts), since no growth parts those.
 */
const OVERHANG = 32
const LOWEST = -(2 ** 31)
const CIRCLE = 2 ** 32

/** What one entry takes here, at most, among many. */
export const SLOT_BYTES: number = Math.ceil((8 * GROWTH) / LOAD)

export class HashTable {
  readonly #segments: Segments
  readonly #partBits: number
  readonly #seed: number
  readonly #factor: number
  readonly #inverse: number
  /** Of each part the slots, two words each; how many slots keys begin to look for theirs at; and how many are taken. */
  #parts: Int32Array[] = []
  #sizes: number[] = []
  #counts: number[] = []
  #bytes = 0
  #size = 0

  /**
   * @param partBits the table has two to the power of it parts
   * @param seed of 32 bits, and secret: who knew it could choose keys that all fall into one place
   */
  constructor(segments: Segments, partBits: number, seed: number) {
    this.#segments = segments
    this.#partBits = partBits
    this.#seed = seed | 0
    this.#factor = Math.imul(seed | 1, 0x9e3779b1) | 1
    this.#inverse = inverseOf(this.#factor)
    this.clear()
  }

  /** Entries in it. */
  get size(): number {
    return this.#size
  }

  /** Memory of all parts. */
  get bytes(): number {
    return this.#bytes
  }

  /** Where keys of this hash stand: one ordering for each hash, and far apart for hashes that are close. */
  orderOf(hash: number): number {
    return Math.imul(hash ^ this.#seed, this.#factor)
  }

  hashOf(order: number): number {
    return (Math.imul(order, this.#inverse) ^ this.#seed) >>> 0
  }

  /** Address of the entry of a key; 0 when there is none. */
  find(key: string, order: number): number {
    const part = this.#partOf(order)
    const slots = this.#parts[part]!
    for (let i = this.#home(part, order) << 1; ; i += 2) {
      const address = slots[i + 1]!
      if (address === 0) return 0
      const other = slots[i]!
      if (other === order) {
        if (hasKey(this.#segments, address, key)) return address
      } else if (other > order) return 0
    }
  }

  /** Adds an entry that is not there. */
  add(order: number, address: number): void {
    const part = this.#partOf(order)
    this.#size++
    const count = ++this.#counts[part]!
    if (count > this.#sizes[part]! * LOAD || !this.#insert(part, order, address)) {
      do this.#resize(part, this.#sizes[part]! * GROWTH)
      while (!this.#insert(part, order, address))
    }
  }

  remove(order: number, address: number): void {
    const part = this.#partOf(order)
    const slots = this.#parts[part]!
    let hole = this.#slotOf(order, address)
    // What stands behind moves up, but never before the place at which it is looked for first.
    for (let next = hole + 2; slots[next + 1] !== 0; next += 2) {
      if (this.#home(part, slots[next]!) << 1 > hole) break
      slots[hole] = slots[next]!
      slots[hole + 1] = slots[next + 1]!
      hole = next
    }
    slots[hole] = 0
    slots[hole + 1] = 0
    this.#size--
    const count = --this.#counts[part]!
    const size = this.#sizes[part]!
    if (size > SLOTS_MIN && count < size * LOW) this.#resize(part, Math.ceil(size / 2))
  }

  /** An entry has moved. */
  moved(order: number, from: number, to: number): void {
    this.#parts[this.#partOf(order)]![this.#slotOf(order, from) + 1] = to
  }

  /** Address of the first entry of an ordering when more than so many have it; 0: they do not. */
  crowded(order: number, countMax: number): number {
    const part = this.#partOf(order)
    const slots = this.#parts[part]!
    let first = 0
    let count = 0
    for (let i = this.#home(part, order) << 1; slots[i + 1] !== 0 && slots[i]! <= order; i += 2) {
      if (slots[i] === order && count++ === 0) first = slots[i + 1]!
    }
    return count > countMax ? first : 0
  }

  /** Shows all entries of one ordering, which is those of one hash. */
  alike(order: number, found: (address: number) => void): void {
    const part = this.#partOf(order)
    const slots = this.#parts[part]!
    for (let i = this.#home(part, order) << 1; slots[i + 1] !== 0 && slots[i]! <= order; i += 2) {
      if (slots[i] === order) found(slots[i + 1]!)
    }
  }

  /**
   * Shows entries in the order of their orderings, those after `after` only, of so many orderings at most, and all
   * of one ordering together. Returns the ordering to go on after; undefined behind the last. Nothing may be added or
   * removed meanwhile.
   */
  visit(
    after: number | undefined,
    entriesMax: number,
    found: (order: number, address: number) => void,
  ): number | undefined {
    let part = after === undefined ? 0 : this.#partOf(after)
    let i = after === undefined ? 0 : this.#home(part, after) << 1
    let shown = after ?? LOWEST - 1
    for (let seen = 0; part < this.#parts.length; part++, i = 0) {
      const slots = this.#parts[part]!
      for (; i < slots.length; i += 2) {
        const address = slots[i + 1]!
        const order = slots[i]!
        if (address === 0 || order <= shown) {
          if (address !== 0 && order === shown && shown !== after) found(order, address)
          continue
        }
        if (seen++ >= entriesMax) return shown
        shown = order
        found(order, address)
      }
    }
    return undefined
  }

  clear(): void {
    this.#parts = new Array<Int32Array>(1 << this.#partBits).fill(NOTHING)
    this.#sizes = this.#parts.map(() => SLOTS_MIN)
    this.#counts = this.#parts.map(() => 0)
    this.#bytes = this.#parts.length * (this.#parts[0] as Int32Array).byteLength
    this.#size = 0
  }

  #partOf(order: number): number {
    return ((order ^ LOWEST) >>> 1) >>> (31 - this.#partBits)
  }

  /** The slot at which a key is looked for first: orderings keep their order. */
  #home(part: number, order: number): number {
    const rest = ((order ^ LOWEST) << this.#partBits) >>> 0
    return (rest * (this.#sizes[part]! / CIRCLE)) | 0
  }

  #slotOf(order: number, address: number): number {
    const part = this.#partOf(order)
    const slots = this.#parts[part]!
    let i = this.#home(part, order) << 1
    while (slots[i + 1] !== address) i += 2
    return i
  }

  /** False, and nothing done, when the part has no room at its end. */
  #insert(part: number, order: number, address: number): boolean {
    const slots = this.#toWrite(part)
    let at = this.#home(part, order) << 1
    while (slots[at + 1] !== 0 && slots[at]! <= order) at += 2
    let gap = at
    while (slots[gap + 1] !== 0) gap += 2
    // The last slot stays empty: every search ends there.
    if (gap >= slots.length - 2) return false
    slots.copyWithin(at + 2, at, gap)
    slots[at] = order
    slots[at + 1] = address
    return true
  }

  #toWrite(part: number): Int32Array {
    const slots = this.#parts[part]!
    if (slots !== NOTHING) return slots
    const own = newPart(SLOTS_MIN)
    this.#parts[part] = own
    return own
  }

  /** To a size, or the next larger one in which nothing hangs over too far. */
  #resize(part: number, size: number): void {
    const old = this.#parts[part]!
    for (let next = Math.ceil(size); ; next = Math.ceil(next * GROWTH)) {
      const slots = newPart(next)
      this.#sizes[part] = next
      if (!this.#spread(part, old, slots)) continue
      this.#parts[part] = slots
      this.#bytes += slots.byteLength - old.byteLength
      return
    }
  }

  #spread(part: number, old: Int32Array, slots: Int32Array): boolean {
    let free = 0
    for (let i = 0; i < old.length; i += 2) {
      if (old[i + 1] === 0) continue
      const at = Math.max(free, this.#home(part, old[i]!) << 1)
      if (at >= slots.length - 2) return false
      slots[at] = old[i]!
      slots[at + 1] = old[i + 1]!
      free = at + 2
    }
    return true
  }
}

/** What a part is before its first key; it is the same for all, and never written. */
const NOTHING = newPart(SLOTS_MIN)

function newPart(size: number): Int32Array {
  return new Int32Array(2 * (size + OVERHANG + 1))
}

/** The inverse of an odd number modulo 2^32, by Newton's method: each step doubles the bits that are right. */
function inverseOf(odd: number): number {
  let inverse = odd
  for (let i = 0; i < 5; i++) inverse = Math.imul(inverse, 2 - Math.imul(odd, inverse))
  return inverse
}
