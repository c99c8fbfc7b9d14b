// Compact memory: segments of bytes, cut into blocks. A block is found and given back in a bounded number of steps
// (two-level segregated fit, Masmano et al., 2004: lists of free blocks by size, neighbours that are free grow
// together). What fragments all the same is closed up one segment at a time, whoever needs the room asks for it.
//
// It knows nothing of keys or queues: whoever does is told when a block has moved.

import { BEFORE_FREE, BLOCK_UNITS_MIN, HEAD, LIVE, NEXT, PREV, UNIT_BYTES, UNITS } from './layout.ts'

/** Sizes up to this have a list each; above, eight lists share each power of two. */
const EXACT = 64
const EXACT_LOG = 6
const LISTS = EXACT + 8 * 11

const NO_MEMORY = new ArrayBuffer(0)

/** Told where the block of an entry is now. Its bytes are there already. */
export type Moved = (to: number, from: number) => void

export class Segments {
  readonly segmentBytes: number
  /** To get from an address to a segment, and to the unit in it. */
  readonly shift: number
  readonly mask: number
  readonly words: Int32Array[] = []
  readonly doubles: Float64Array[] = []
  readonly bytes: Uint8Array[] = []
  /** The same memory: to ask a view for it costs as much as a new view. */
  readonly buffers: ArrayBuffer[] = []
  /** Units of each segment that are taken. */
  #taken: Int32Array = new Int32Array(16)
  readonly #released: number[] = []
  readonly #lists = new Int32Array(LISTS)
  /** A bit for each list that is not empty. */
  readonly #filled = new Int32Array((LISTS + 31) >> 5)
  #count = 0
  #freeUnits = 0
  /** The segment that is being given back. */
  #closing = -1

  /** @param segmentBytes a power of two up to 256 KiB */
  constructor(segmentBytes: number) {
    this.segmentBytes = segmentBytes
    this.shift = 31 - Math.clz32(segmentBytes / UNIT_BYTES)
    this.mask = (1 << this.shift) - 1
  }

  /** Segments that there are. */
  get count(): number {
    return this.#count
  }

  get freeUnits(): number {
    return this.#freeUnits
  }

  word(address: number, field: number): number {
    return this.words[address >>> this.shift]![((address & this.mask) << 1) + field]!
  }

  setWord(address: number, field: number, value: number): void {
    this.words[address >>> this.shift]![((address & this.mask) << 1) + field] = value
  }

  double(address: number, unit: number): number {
    return this.doubles[address >>> this.shift]![(address & this.mask) + unit]!
  }

  setDouble(address: number, unit: number, value: number): void {
    this.doubles[address >>> this.shift]![(address & this.mask) + unit] = value
  }

  /** A block of so many units, LIVE and no other flag set; 0 when no free block is large enough. */
  take(units: number): number {
    let list = listOf(units)
    // Within a list of many sizes not every block would do: all of the next one do.
    if (units >= EXACT && sizeOf(list) < units) list++
    list = this.#nextFilled(list)
    if (list < 0) return 0
    return this.#takeFrom(this.#lists[list]!, units)
  }

  /** Gives a block back. */
  free(address: number): void {
    const head = this.word(address, HEAD)
    const units = head & UNITS
    this.#taken[address >>> this.shift]! -= units
    if (address >>> this.shift === this.#closing) {
      this.setWord(address, HEAD, units)
      return
    }
    this.#freeUnits += units
    let start = address
    let size = units
    if ((head & BEFORE_FREE) !== 0) {
      const before = this.word(address - 1, 1)
      start -= before
      size += before
      this.#unlist(start)
    }
    const next = address + units
    if (!this.#isEnd(next) && (this.word(next, HEAD) & LIVE) === 0) {
      size += this.word(next, HEAD) & UNITS
      this.#unlist(next)
    }
    this.#list(start, size)
  }

  /** Gives everything back. */
  clear(): void {
    for (const each of [this.words, this.doubles, this.bytes, this.buffers, this.#released]) each.length = 0
    for (const each of [this.#taken, this.#lists, this.#filled]) each.fill(0)
    this.#count = 0
    this.#freeUnits = 0
  }

  /** There may be one more: addresses are words, and positive. */
  get mayGrow(): boolean {
    return this.#released.length > 0 || (this.words.length + 1) * (this.mask + 1) < 2 ** 31
  }

  /** One segment more. */
  grow(): void {
    const buffer = new ArrayBuffer(this.segmentBytes)
    const segment = this.#released.pop() ?? this.words.length
    this.words[segment] = new Int32Array(buffer)
    this.doubles[segment] = new Float64Array(buffer)
    this.bytes[segment] = new Uint8Array(buffer)
    this.buffers[segment] = buffer
    if (segment >= this.#taken.length) {
      const longer = new Int32Array(2 * segment)
      longer.set(this.#taken)
      this.#taken = longer
    }
    this.#count++
    const start = this.#start(segment)
    const units = this.#end(segment) - start
    this.#taken[segment] = 0
    this.#freeUnits += units
    this.#list(start, units)
  }

  /** The segment with the most room; -1 when there is none. */
  get emptiest(): number {
    let emptiest = -1
    let least = Number.POSITIVE_INFINITY
    for (let i = 0; i < this.words.length; i++) {
      if (this.#taken[i]! >= least || this.words[i]!.length === 0) continue
      least = this.#taken[i]!
      emptiest = i
    }
    return emptiest
  }

  freeUnitsIn(segment: number): number {
    return this.#end(segment) - this.#start(segment) - this.#taken[segment]!
  }

  /** Moves all that lives in a segment to its start, and takes a block from the room behind it, which has to do. */
  compact(segment: number, units: number, moved: Moved): number {
    const bytes = this.bytes[segment]!
    let to = this.#start(segment)
    for (let from = to, size = 0; from < this.#end(segment); from += size) {
      const head = this.word(from, HEAD)
      size = head & UNITS
      if ((head & LIVE) === 0) {
        this.#unlist(from)
        continue
      }
      if (to !== from) {
        const at = (from & this.mask) * UNIT_BYTES
        bytes.copyWithin((to & this.mask) * UNIT_BYTES, at, at + size * UNIT_BYTES)
        this.setWord(to, HEAD, head & ~BEFORE_FREE)
        moved(to, from)
      }
      to += size
    }
    this.#list(to, this.#end(segment) - to)
    return this.#takeFrom(to, units)
  }

  /**
   * Gives a whole segment back. What lives in it moves to others; what finds no room there is handed to `homeless`,
   * which has to free it.
   */
  release(segment: number, moved: Moved, homeless: (address: number) => void): void {
    this.#closing = segment
    this.#freeUnits -= this.freeUnitsIn(segment)
    this.#walk(segment, (address, head) => {
      if ((head & LIVE) === 0) this.#unlist(address)
    })
    this.#walk(segment, (address, head) => {
      if ((head & LIVE) === 0) return
      const to = this.take(head & UNITS)
      if (to === 0) homeless(address)
      else this.#move(address, to, moved)
    })
    this.#closing = -1
    this.#count--
    this.#taken[segment] = 0
    this.words[segment] = new Int32Array(0)
    this.doubles[segment] = new Float64Array(0)
    this.bytes[segment] = new Uint8Array(0)
    this.buffers[segment] = NO_MEMORY
    this.#released.push(segment)
  }

  /** Shows the blocks of a segment in which somebody lives. Nothing may be taken or freed meanwhile. */
  visit(segment: number, live: (address: number) => void): void {
    if (this.words[segment]!.length === 0) return
    this.#walk(segment, (address, head) => {
      if ((head & LIVE) !== 0) live(address)
    })
  }

  #walk(segment: number, block: (address: number, head: number) => void): void {
    for (let at = this.#start(segment), size = 0; at < this.#end(segment); at += size) {
      const head = this.word(at, HEAD)
      size = head & UNITS
      block(at, head)
    }
  }

  #move(from: number, to: number, moved: Moved): void {
    const fromHead = this.word(from, HEAD)
    const toHead = this.word(to, HEAD)
    const at = (from & this.mask) * UNIT_BYTES
    const source = this.bytes[from >>> this.shift]!
    const target = this.bytes[to >>> this.shift]!
    const size = (fromHead & UNITS) * UNIT_BYTES
    target.set(source.subarray(at, at + size), (to & this.mask) * UNIT_BYTES)
    this.setWord(to, HEAD, (fromHead & ~UNITS & ~BEFORE_FREE) | (toHead & UNITS))
    moved(to, from)
  }

  #takeFrom(address: number, units: number): number {
    const size = this.word(address, HEAD) & UNITS
    this.#unlist(address)
    const rest = size - units
    const taken = rest >= BLOCK_UNITS_MIN ? units : size
    // The block before a free one is never free.
    this.setWord(address, HEAD, taken | LIVE)
    if (taken !== size) this.#list(address + taken, rest)
    else if (!this.#isEnd(address + size)) {
      this.setWord(address + size, HEAD, this.word(address + size, HEAD) & ~BEFORE_FREE)
    }
    this.#taken[address >>> this.shift]! += taken
    this.#freeUnits -= taken
    return address
  }

  /** Makes a free block of these units. */
  #list(address: number, units: number): void {
    if (units === 0) return
    const list = listOf(units)
    const first = this.#lists[list]!
    this.setWord(address, HEAD, units)
    this.setWord(address, PREV, 0)
    this.setWord(address, NEXT, first)
    this.setWord(address + units - 1, 1, units)
    if (first !== 0) this.setWord(first, PREV, address)
    this.#lists[list] = address
    this.#filled[list >> 5]! |= 1 << list
    const next = address + units
    if (!this.#isEnd(next)) this.setWord(next, HEAD, this.word(next, HEAD) | BEFORE_FREE)
  }

  #unlist(address: number): void {
    const prev = this.word(address, PREV)
    const next = this.word(address, NEXT)
    if (next !== 0) this.setWord(next, PREV, prev)
    if (prev !== 0) {
      this.setWord(prev, NEXT, next)
      return
    }
    const list = listOf(this.word(address, HEAD) & UNITS)
    this.#lists[list] = next
    if (next === 0) this.#filled[list >> 5]! &= ~(1 << list)
  }

  #nextFilled(list: number): number {
    let index = list >> 5
    let bits = this.#filled[index]! & (-1 << list)
    while (bits === 0) {
      if (++index === this.#filled.length) return -1
      bits = this.#filled[index]!
    }
    return (index << 5) + 31 - Math.clz32(bits & -bits)
  }

  #start(segment: number): number {
    return segment === 0 ? 1 : segment << this.shift
  }

  #end(segment: number): number {
    return (segment + 1) << this.shift
  }

  #isEnd(address: number): boolean {
    return (address & this.mask) === 0
  }
}

function listOf(units: number): number {
  if (units < EXACT) return units
  const log = 31 - Math.clz32(units)
  return EXACT + ((log - EXACT_LOG) << 3) + ((units >>> (log - 3)) & 7)
}

/** The smallest size in a list. */
function sizeOf(list: number): number {
  if (list < EXACT) return list
  return (8 + ((list - EXACT) & 7)) << (((list - EXACT) >> 3) + EXACT_LOG - 3)
}
