import { errorCode } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { type Alteration, type AlteredBody, OPERATIONS, WRITE_OUTCOMES } from './alter-bodies.ts'
import type { BatchWrite } from './batch-bodies.ts'
import { readU64 } from './integer.ts'
import { readId } from './known-ids.ts'
import { CONTENT_TYPE_TEXT, CONTENT_TYPES, FLAG, HEAD_BYTES, KIND } from './layout.ts'
import { FILL_KINDS, type FillBody, type LeaseBody, type LoadWish, type ReleaseBody } from './load-bodies.ts'
import { malformed, readText } from './text.ts'

/** The target of a request, decoded. */
export interface Target {
  readonly key: string
  readonly hops: readonly string[]
  readonly failed: readonly string[]
}

/** An entry, decoded. `value` is a view into the frame's bytes: copy what is kept. */
export interface FrameEntry {
  readonly value: Uint8Array
  readonly contentType: string
  readonly ttlMs: number
}

const NO_IDS: readonly string[] = []

/**
 * One received frame, read in place. A reader hands the same object out again and again: it is valid only
 * until the call that received it returns. Every read is checked against the end of the frame and throws
 * ERR_MALFORMED_FRAME.
 */
export class Frame {
  kind = 0
  flags = 0
  budgetMs = 0
  requestId = 0
  digestPrefix = 0
  serial = 0
  clock = 0
  /** True when the frame's bytes belong to it alone, so that a view of the value may be kept. */
  owned = false
  #bytes: Uint8Array = new Uint8Array(0)
  #view: DataView = new DataView(this.#bytes.buffer)
  /** The memory of the bytes, and where in it they begin. */
  #buffer: ArrayBufferLike = this.#bytes.buffer
  #base = 0
  #at = 0
  #end = 0

  /** Points the frame at `length` bytes of `bytes`, from the length field on. */
  open(bytes: Uint8Array, view: DataView, start: number, length: number, owned: boolean): void {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes
      this.#buffer = bytes.buffer
      this.#base = bytes.byteOffset
    }
    this.#view = view
    this.#at = start + HEAD_BYTES
    this.#end = start + length
    this.owned = owned
    this.kind = view.getUint8(start + 4)
    this.flags = view.getUint8(start + 5)
    this.budgetMs = view.getUint16(start + 6, true)
    this.requestId = view.getUint32(start + 8, true)
    this.digestPrefix = view.getUint32(start + 12, true)
    this.serial = readU64(view, start + 16)
    this.clock = readU64(view, start + 24)
    if (this.serial < 0 || this.clock < 0) throw malformed('a number above 2^53 - 1 in its head')
  }

  get forwarded(): boolean {
    return (this.flags & FLAG.forwarded) !== 0
  }

  /** The time for which a hit may be copied, ms; 0: it may not. */
  get leaseMs(): number {
    return (this.flags & FLAG.copied) === 0 ? 0 : this.budgetMs
  }

  get stoodIn(): boolean {
    return (this.flags & FLAG.stoodIn) !== 0
  }

  get existed(): boolean {
    return (this.flags & FLAG.existed) !== 0
  }

  get absent(): boolean {
    return (this.flags & FLAG.absent) !== 0
  }

  get stale(): boolean {
    return (this.flags & FLAG.stale) !== 0
  }

  /** Bytes that were not read yet. */
  get restBytes(): number {
    return this.#end - this.#at
  }

  /** A view of all that was not read yet, which stays to be read. */
  rest(): Uint8Array {
    return new Uint8Array(this.#buffer, this.#base + this.#at, this.#end - this.#at)
  }

  /** Body of get, set and delete, up to the entry. */
  target(): Target {
    this.#need(4)
    const keyBytes = this.#view.getUint16(this.#at, true)
    const hopCount = this.#view.getUint8(this.#at + 2)
    const failedCount = this.#view.getUint8(this.#at + 3)
    this.#at += 4
    if (keyBytes === 0 || keyBytes > LIMITS.keyBytesMax) throw malformed(`a key of ${keyBytes} bytes`)
    if (hopCount > LIMITS.hopsMax) throw malformed(`${hopCount} hops`)
    if (failedCount > LIMITS.failedMax) throw malformed(`${failedCount} failed members`)
    const key = this.#text(keyBytes)
    const hops = hopCount === 0 ? NO_IDS : this.#ids(hopCount)
    const failed = failedCount === 0 ? NO_IDS : this.#ids(failedCount)
    return { key, hops, failed }
  }

  /** Entry of set (after `target`) and hit (after `version`), to the end of the frame. */
  entry(): FrameEntry {
    const ttlMs = this.#u64()
    if (ttlMs > LIMITS.ttlMsMax) throw malformed(`a time to live of ${ttlMs} ms`)
    const contentType = this.#contentType()
    const bytes = this.#end - this.#at
    if (bytes > LIMITS.valueBytesMax) throw malformed(`a value of ${bytes} bytes`)
    // Half the price of `subarray`.
    const value = new Uint8Array(this.#buffer, this.#base + this.#at, bytes)
    this.#at = this.#end
    return { value, contentType, ttlMs }
  }

  /** After the target of a get that was passed on and may be answered straight: the id under which its first hop waits. */
  origin(): number {
    return this.#u32()
  }

  /** Entry version in hit and done. */
  version(): number {
    return this.#u64()
  }

  /** Body of alter, after `target`. */
  alteration(): Alteration {
    const number = this.#u8()
    const operation = OPERATIONS[number - 1]
    if (operation === undefined) throw malformed(`operation ${number}, unknown to this version`)
    const counts = this.#u8() === 1
    const expected = this.#u64()
    const by = this.#count()
    const first = this.#count()
    const tags = this.#tags()
    return { operation, expected, by, initial: counts ? first : undefined, tags, entry: this.entry() }
  }

  /** Body of altered. */
  altered(): AlteredBody {
    const number = this.#u8()
    const outcome = WRITE_OUTCOMES[number]
    if (outcome === undefined) throw malformed(`outcome ${number}, unknown to this version`)
    const counted = this.#u8() === 1
    const version = this.#u64()
    const count = this.#count()
    return counted ? { outcome, version, count } : { outcome, version }
  }

  /** Body of getMany and deleteMany. */
  keys(): string[] {
    const keys: string[] = []
    for (let left = this.#batchCount(); left > 0; left--) keys.push(this.#key())
    return keys
  }

  /** Body of setMany. The values are views into the frame's bytes. */
  writes(): BatchWrite[] {
    const writes: BatchWrite[] = []
    for (let left = this.#batchCount(); left > 0; left--) {
      const key = this.#key()
      const tags = this.#tags()
      this.#within(() => writes.push({ key, tags, entry: this.entry() }))
    }
    return writes
  }

  /** Body of answers. While `take` runs this frame is the answer that stands at this place: of its kind and flags. */
  answers(take: (place: number) => void): void {
    const { kind, flags, owned } = this
    try {
      this.owned = false
      for (let left = this.#batchCount(); left > 0; left--) {
        const place = this.#u16()
        this.kind = this.#u8()
        this.flags = this.#u8()
        this.#within(() => take(place))
      }
    } finally {
      this.kind = kind
      this.flags = flags
      this.owned = owned
    }
  }

  /** Body of load, after `target`. */
  wish(): LoadWish {
    this.#need(1)
    const claim = this.#view.getUint8(this.#at++) === 1
    const leaseMs = this.#u32()
    return { claim, leaseMs, staleAfterMs: this.#u32() }
  }

  /** Body of fill, after `target`. */
  fill(): FillBody {
    const token = this.#u64()
    this.#need(1)
    const number = this.#view.getUint8(this.#at++)
    const kind = FILL_KINDS[number]
    if (kind === undefined) throw malformed(`fill ${number}, unknown to this version`)
    const costMs = this.#u32()
    const freshMs = this.#u64()
    return { token, kind, costMs, freshMs, entry: this.entry() }
  }

  /** Body of release, after `target`. */
  release(): ReleaseBody {
    const token = this.#u64()
    const { number, message } = this.error()
    return { token, code: errorCode(number), message }
  }

  /** Body of lease. With the flag stale, a version and an entry follow. */
  lease(): LeaseBody {
    const token = this.#u64()
    const leaseMs = this.#u32()
    return { token, leaseMs, holder: this.#ids(1)[0] as string }
  }

  /** Entry of replicate (after `target`) and held, to the end of the frame: for `unpackCarried`. */
  carried(): Uint8Array {
    const carried = this.#bytes.subarray(this.#at, this.#end)
    this.#at = this.#end
    return carried
  }

  /** Body of error. */
  error(): { number: number; message: string } {
    this.#need(2)
    const number = this.#view.getUint16(this.#at, true)
    this.#at += 2
    return { number, message: this.#text(this.#end - this.#at) }
  }

  /** Body of a message kind: a view to its end. */
  body(): Uint8Array {
    if (this.kind < KIND.pull) throw malformed(`kind ${this.kind} where a message was expected`)
    const body = this.#bytes.subarray(this.#at, this.#end)
    this.#at = this.#end
    return body
  }

  /** A part of the frame that says its length: nothing in it reaches beyond its end. */
  #within(read: () => void): void {
    const length = this.#u32()
    this.#need(length)
    const outer = this.#end
    const end = this.#at + length
    this.#end = end
    try {
      read()
    } finally {
      this.#at = end
      this.#end = outer
    }
  }

  #batchCount(): number {
    const count = this.#u16()
    if (count > LIMITS.batchMax) throw malformed(`a batch of ${count} keys`)
    return count
  }

  #key(): string {
    const length = this.#u16()
    if (length === 0 || length > LIMITS.keyBytesMax) throw malformed(`a key of ${length} bytes`)
    return this.#text(length)
  }

  #tags(): readonly number[] {
    const count = this.#u8()
    if (count > LIMITS.tagsMax) throw malformed(`${count} tags`)
    const slots: number[] = []
    for (let i = 0; i < count; i++) {
      const slot = this.#u16()
      if (slot >= LIMITS.tagSlotsMax) throw malformed(`tag slot ${slot}`)
      slots.push(slot)
    }
    return slots
  }

  #contentType(): string {
    this.#need(1)
    const number = this.#view.getUint8(this.#at++)
    if (number !== CONTENT_TYPE_TEXT) {
      const known = CONTENT_TYPES[number]
      if (known === undefined) throw malformed(`content type ${number}, unknown to this version`)
      return known
    }
    this.#need(1)
    return this.#text(this.#view.getUint8(this.#at++))
  }

  #ids(count: number): string[] {
    const ids: string[] = []
    for (let i = 0; i < count; i++) {
      this.#need(1)
      const length = this.#view.getUint8(this.#at++)
      if (length === 0 || length > LIMITS.nodeIdBytesMax) throw malformed(`a node id of ${length} bytes`)
      this.#need(length)
      ids.push(readId(this.#bytes, this.#at, this.#at + length))
      this.#at += length
    }
    return ids
  }

  #text(length: number): string {
    this.#need(length)
    const start = this.#at
    this.#at += length
    return readText(this.#bytes, start, this.#at)
  }

  #u8(): number {
    this.#need(1)
    return this.#view.getUint8(this.#at++)
  }

  #u16(): number {
    this.#need(2)
    this.#at += 2
    return this.#view.getUint16(this.#at - 2, true)
  }

  /** All 64 bits. */
  #count(): bigint {
    this.#need(8)
    this.#at += 8
    return this.#view.getBigUint64(this.#at - 8, true)
  }

  #u32(): number {
    this.#need(4)
    this.#at += 4
    return this.#view.getUint32(this.#at - 4, true)
  }

  #u64(): number {
    this.#need(8)
    const value = readU64(this.#view, this.#at)
    if (value < 0) throw malformed('a number above 2^53 - 1')
    this.#at += 8
    return value
  }

  #need(count: number): void {
    if (this.#at + count > this.#end) throw malformed('fewer bytes than its fields need')
  }
}
