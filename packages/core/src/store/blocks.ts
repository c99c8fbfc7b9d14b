// Entries as blocks of compact memory: no object stands for one. Those that are asked for are made when somebody looks.

import { utf8Length } from '@cachemesh/protocol'
import { type Entry, NO_TAGS } from './entry.ts'
import { GHOST_BYTES } from './ghosts.ts'
import { SLOT_BYTES } from './hash-table.ts'
import {
  BLOCK_UNITS_MIN,
  COST,
  EXPIRES,
  EXTRA,
  EXTRA_BYTES,
  HEAD,
  HEADER_BYTES,
  HITS,
  HITS_SHIFT,
  KEY,
  ORDER,
  OUTSIDE,
  STALE,
  TAGS,
  UNIT_BYTES,
  UNITS,
  VALUE_BYTES,
  VERSION,
  whole,
} from './layout.ts'
import { MediaTypes } from './media-types.ts'
import { Outside } from './outside.ts'
import { Segments } from './segments.ts'
import { readText, writeText } from './text.ts'

/** What an entry takes of memory, before it is there. */
export interface Extent {
  readonly units: number
  /** Bytes of a value that lies in memory of its own; 0: it lies in the block. */
  readonly outsideBytes: number
}

/** An entry's place in the table of keys, and that of the ghost of another. */
const PLACE_BYTES = SLOT_BYTES + GHOST_BYTES
const SEGMENT_BYTES_MIN = 32 * 1024
const SEGMENT_BYTES_MAX = 256 * 1024

export class Blocks {
  readonly segments: Segments
  readonly outside: Outside = new Outside()
  readonly #types = new MediaTypes()
  /** Larger values lie outside. */
  readonly insideMax: number

  /** @param bytes for all segments: the larger, the larger is each */
  constructor(bytes: number) {
    const wanted = 2 ** Math.floor(Math.log2(bytes / 64))
    this.segments = new Segments(Math.min(Math.max(wanted, SEGMENT_BYTES_MIN), SEGMENT_BYTES_MAX))
    this.insideMax = this.segments.segmentBytes / 32
  }

  /** Memory that is in use, or kept for use. */
  get bytes(): number {
    return this.segments.count * this.segments.segmentBytes + this.outside.bytes
  }

  /** `priority`: the entry gets a place for one (layout.ts). */
  extentOf(key: string, entry: Entry, priority: boolean): Extent {
    const { value, contentType, tags } = entry
    const isOutside = value.length > this.insideMax
    const bytes =
      HEADER_BYTES +
      (priority || hasExtra(entry) ? EXTRA_BYTES : 0) +
      whole(utf8Length(key)) +
      whole(this.#types.bytesOf(contentType)) +
      whole(2 * tags.length) +
      (isOutside ? 4 : value.length)
    return {
      units: Math.ceil(bytes / UNIT_BYTES),
      outsideBytes: isOutside ? this.outside.bytesOf(value) : 0,
    }
  }

  /** False when no segment could hold it. */
  holds({ units }: Extent): boolean {
    return units * UNIT_BYTES <= this.segments.segmentBytes / 2
  }

  /** Writes an entry into a block that was taken for its extent. */
  write(address: number, key: string, order: number, { entry, priority }: Filling): void {
    const { segments } = this
    const { value, contentType, tags } = entry
    const withExtra = priority || hasExtra(entry)
    const bytes = segments.bytes[address >>> segments.shift]!
    const start = (address & segments.mask) * UNIT_BYTES
    let at = start + HEADER_BYTES
    let head = segments.word(address, HEAD) & ~(EXTRA | OUTSIDE)
    if (withExtra) {
      head |= EXTRA
      at += EXTRA_BYTES
      segments.setDouble(address, STALE, entry.staleAt)
      segments.setDouble(address, COST, entry.cost)
      segments.setWord(address, TAGS, tags.length)
    }
    const keyBytes = writeText(bytes, at, key)
    at += whole(keyBytes)
    const type = this.#types.numberOf(contentType)
    const typeBytes = this.#types.bytesOf(contentType)
    if (typeBytes > 0) at += whole(writeText(bytes, at, contentType))
    for (let i = 0; i < tags.length; i++) {
      bytes[at + 2 * i] = tags[i]! & 0xff
      bytes[at + 2 * i + 1] = tags[i]! >>> 8
    }
    at += whole(2 * tags.length)
    if (value.length > this.insideMax) {
      head |= OUTSIDE
      segments.setWord(address, (at - start) >> 2, this.outside.add(value))
    } else bytes.set(value, at)
    segments.setWord(address, ORDER, order)
    segments.setWord(address, HEAD, head)
    segments.setWord(address, VALUE_BYTES, value.length)
    segments.setWord(address, KEY, keyBytes | (type << 16) | (typeBytes << 24))
    segments.setDouble(address, VERSION, entry.version)
    segments.setDouble(address, EXPIRES, entry.expiresAt)
  }

  /** True when the entry of this address can give its place to one of this extent. */
  canHold(address: number, { units, outsideBytes }: Extent): boolean {
    const head = this.segments.word(address, HEAD)
    const spare = (head & UNITS) - units
    return (head & OUTSIDE) === 0 && outsideBytes === 0 && spare >= 0 && spare < BLOCK_UNITS_MIN
  }

  /** Gives the memory of an entry back. */
  free(address: number): void {
    if ((this.segments.word(address, HEAD) & OUTSIDE) !== 0) this.outside.remove(this.#outsideOf(address))
    this.segments.free(address)
  }

  clear(): void {
    this.segments.clear()
    this.outside.clear()
  }

  /** True of a view of what lies here, which moves or goes when something is written. */
  isView(value: Uint8Array): boolean {
    return value.buffer.byteLength === this.segments.segmentBytes && value.length < this.segments.segmentBytes
  }

  /** What an entry of this address takes of memory. */
  bytesOf(address: number): number {
    const head = this.segments.word(address, HEAD)
    const bytes = (head & UNITS) * UNIT_BYTES
    return (head & OUTSIDE) === 0 ? bytes : bytes + this.outside.bytesOf(this.valueOf(address))
  }

  /** What an entry is charged: its memory, and its places in the tables. */
  charge(address: number): number {
    return this.bytesOf(address) + PLACE_BYTES
  }

  chargeOf({ units, outsideBytes }: Extent): number {
    return units * UNIT_BYTES + outsideBytes + PLACE_BYTES
  }

  entryOf(address: number): Entry {
    const { segments } = this
    const extra = this.#hasExtra(address)
    return {
      value: this.valueOf(address),
      contentType: this.typeOf(address),
      version: segments.double(address, VERSION),
      expiresAt: segments.double(address, EXPIRES),
      deleted: false,
      cost: extra ? segments.double(address, COST) : 0,
      staleAt: this.staleAt(address),
      tags: extra ? this.#tagsOf(address) : NO_TAGS,
    }
  }

  /** When it is stale, monotonic ms. */
  staleAtOf(address: number): number {
    return this.#hasExtra(address) ? this.segments.double(address, STALE) : Number.POSITIVE_INFINITY
  }

  /** What it took to make it, ms. */
  costOf(address: number): number {
    return this.#hasExtra(address) ? this.segments.double(address, COST) : 0
  }

  #hasExtra(address: number): boolean {
    return (this.segments.word(address, HEAD) & EXTRA) !== 0
  }

  staleAt(address: number): number {
    const extra = (this.segments.word(address, HEAD) & EXTRA) !== 0
    return extra ? this.segments.double(address, STALE) : Number.POSITIVE_INFINITY
  }

  /** An entry that was to be stale some time is so now. */
  outdate(address: number): void {
    if (this.#hasExtra(address)) this.segments.setDouble(address, STALE, 0)
  }

  versionOf(address: number): number {
    return this.segments.double(address, VERSION)
  }

  keyOf(address: number): string {
    const length = this.segments.word(address, KEY) & 0xffff
    return readText(this.#bytesAt(address), this.#keyAt(address), length)
  }

  typeOf(address: number): string {
    const key = this.segments.word(address, KEY)
    const typeBytes = key >>> 24
    if (typeBytes === 0) return this.#types.named((key >>> 16) & 0xff)
    return readText(this.#bytesAt(address), this.#keyAt(address) + whole(key & 0xffff), typeBytes)
  }

  /** A view, valid until the next write. */
  valueOf(address: number): Uint8Array {
    if ((this.segments.word(address, HEAD) & OUTSIDE) !== 0) return this.outside.get(this.#outsideOf(address))
    const buffer = this.segments.buffers[address >>> this.segments.shift]!
    // Half the price of `subarray`.
    return new Uint8Array(buffer, this.#valueAt(address), this.segments.word(address, VALUE_BYTES))
  }

  /** Brings a value close to the processor: its first and last byte. */
  touch(address: number): number {
    const { segments } = this
    const length = segments.word(address, VALUE_BYTES)
    if (length === 0 || (segments.word(address, HEAD) & OUTSIDE) !== 0) return 0
    const bytes = segments.bytes[address >>> segments.shift]!
    const at = this.#valueAt(address)
    return bytes[at]! + bytes[at + length - 1]!
  }

  /**
   * Copies a value of plain bytes, by words, where there is room for it; some bytes behind it may come along. Returns
   * how many bytes it has; -1, and nothing done, when it is structured, lies outside, or there is no room. It reads the
   * header once: this is what most gets of one's own keys are.
   */
  copyBytes(address: number, { words: to, at, bytesMax }: Room): number {
    const { segments } = this
    const words = segments.words[address >>> segments.shift]!
    const start = (address & segments.mask) << 1
    const head = words[start + HEAD]!
    const key = words[start + KEY]!
    const length = words[start + VALUE_BYTES]!
    if (length > bytesMax || (head & OUTSIDE) !== 0 || key >>> 16 === 0) return -1
    let from = start + ((HEADER_BYTES + whole(key & 0xffff) + whole(key >>> 24)) >> 2)
    if ((head & EXTRA) !== 0) from += (EXTRA_BYTES + whole(2 * words[start + TAGS]!)) >> 2
    const count = (length + 3) >> 2
    for (let i = 0; i < count; i++) to[at + i] = words[from + i]!
    return length
  }

  /** How often an entry was hit, as far as its policy counts. */
  hitsOf(address: number): number {
    return (this.segments.word(address, HEAD) & HITS) >>> HITS_SHIFT
  }

  setHits(address: number, hits: number): void {
    const head = this.segments.word(address, HEAD)
    this.segments.setWord(address, HEAD, (head & ~HITS) | (hits << HITS_SHIFT))
  }

  #bytesAt(address: number): Uint8Array {
    return this.segments.bytes[address >>> this.segments.shift]!
  }

  /** Places in the segment, in bytes. */
  #keyAt(address: number): number {
    const extra = (this.segments.word(address, HEAD) & EXTRA) === 0 ? 0 : EXTRA_BYTES
    return (address & this.segments.mask) * UNIT_BYTES + HEADER_BYTES + extra
  }

  #tagsAt(address: number): number {
    const key = this.segments.word(address, KEY)
    return this.#keyAt(address) + whole(key & 0xffff) + whole(key >>> 24)
  }

  #valueAt(address: number): number {
    const extra = (this.segments.word(address, HEAD) & EXTRA) !== 0
    return this.#tagsAt(address) + (extra ? whole(2 * this.segments.word(address, TAGS)) : 0)
  }

  #outsideOf(address: number): number {
    return this.segments.words[address >>> this.segments.shift]![this.#valueAt(address) >> 2]!
  }

  #tagsOf(address: number): readonly number[] {
    const length = this.segments.word(address, TAGS)
    if (length === 0) return NO_TAGS
    const bytes = this.#bytesAt(address)
    const at = this.#tagsAt(address)
    return Array.from({ length }, (_, i) => bytes[at + 2 * i]! | (bytes[at + 2 * i + 1]! << 8))
  }
}

/** Where a value may be copied to: from a word on, so many bytes at most. */
export interface Room {
  readonly words: Int32Array
  readonly at: number
  readonly bytesMax: number
}

export interface Filling {
  readonly entry: Entry
  readonly priority: boolean
}

function hasExtra({ staleAt, cost, tags }: Entry): boolean {
  return staleAt !== Number.POSITIVE_INFINITY || cost !== 0 || tags.length > 0
}
