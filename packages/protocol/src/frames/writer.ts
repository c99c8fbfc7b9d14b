import { CacheMeshError, type ErrorCode, errorNumber } from '../errors.ts'
import { type Alteration, type AlteredBody, OPERATIONS, WRITE_OUTCOMES } from './alter-bodies.ts'
import type { BatchAnswer, BatchWrite } from './batch-bodies.ts'
import type { EntryBody } from './entry-body.ts'
import { writeU64 } from './integer.ts'
import {
  CONTENT_TYPE_TEXT,
  CONTENT_TYPES,
  FLAG,
  type FrameKind,
  HEAD_BYTES,
  KIND,
  type Stamp,
} from './layout.ts'
import {
  FILL_KINDS,
  type FillBody,
  type LeaseBody,
  type LoadWish,
  type ReleaseBody,
  type VersionedEntry,
} from './load-bodies.ts'
import { BULK_FRAME_MAX } from './reader.ts'
import {
  answersBytes,
  ERROR_LENGTH_MAX,
  entryBytes,
  getFlags,
  idBytes,
  keysBytes,
  messageBytes,
  NO_IDS,
  NO_PATH,
  type RequestPath,
  targetBytes,
  writesBytes,
} from './sizes.ts'
import { writeText } from './text.ts'

const SLAB_BYTES = 64 * 1024
const WAITING_BYTES_MAX = 2 * BULK_FRAME_MAX
const NOTHING: Uint8Array = new Uint8Array(0)

/**
 * Collects the frames of one tick, so that they leave in one write. Bytes handed out by `take` are never
 * written again: the transport keeps them by reference until they are sent.
 */
export class FrameWriter {
  /** Written into the head of every frame. */
  readonly stamp: Stamp
  readonly #keepsValue: boolean
  #bytes: Uint8Array = NOTHING
  #view: DataView = new DataView(this.#bytes.buffer)
  #taken = 0
  #frame = 0
  #end = 0
  /** Value that ends the only frame here, instead of a copy of it. */
  #kept: Uint8Array = NOTHING

  /**
   * @param keepsValue for one frame with a large value: the value is not copied but handed out by `takePieces`, if it
   *   has memory of its own. It must not change any more.
   */
  constructor(stamp: Stamp = { serial: 0, digestPrefix: 0, clock: 0 }, keepsValue = false) {
    this.stamp = stamp
    this.#keepsValue = keepsValue
  }

  /** Of what waits to be taken. */
  get length(): number {
    return this.#end - this.#taken + this.#kept.length
  }

  /** All frames since the last call, or undefined when there are none. */
  take(): Uint8Array | undefined {
    if (this.#end === this.#taken) return undefined
    const taken = this.#bytes.subarray(this.#taken, this.#end)
    this.#taken = this.#end
    return taken
  }

  /** As `take`: the bytes that come one after the other. */
  takePieces(): Uint8Array[] {
    const kept = this.#kept
    this.#kept = NOTHING
    return [this.take() ?? NOTHING, kept].filter(({ length }) => length > 0)
  }

  get(requestId: number, budgetMs: number, key: string, path: RequestPath): void {
    this.#begin(KIND.get, getFlags(path), requestId, budgetMs, targetBytes(key, path) + 4)
    this.#target(key, path)
    if (path.origin !== undefined) this.#u32(path.origin)
    this.#finish()
  }

  /** `version`: of the write after which a copy is out of date. */
  invalidate(requestId: number, budgetMs: number, key: string, version: number): void {
    this.#begin(KIND.invalidate, 0, requestId, budgetMs, targetBytes(key, NO_PATH) + 8)
    this.#target(key, NO_PATH)
    this.#u64(version)
    this.#finish()
  }

  delete(requestId: number, budgetMs: number, key: string, path: RequestPath): void {
    this.#begin(KIND.delete, 0, requestId, budgetMs, targetBytes(key, path))
    this.#target(key, path)
    this.#finish()
  }

  set(requestId: number, budgetMs: number, key: string, path: RequestPath, entry: EntryBody): void {
    this.#begin(KIND.set, 0, requestId, budgetMs, targetBytes(key, path) + this.#roomOf(entry))
    this.#target(key, path)
    this.#entry(entry)
    this.#finish()
  }

  alter(requestId: number, budgetMs: number, key: string, path: RequestPath, alteration: Alteration): void {
    const { operation, initial, tags, entry } = alteration
    const bytes = targetBytes(key, path) + 27 + tags.length * 2 + this.#roomOf(entry)
    this.#begin(KIND.alter, 0, requestId, budgetMs, bytes)
    this.#target(key, path)
    this.#bytes[this.#end++] = OPERATIONS.indexOf(operation) + 1
    this.#bytes[this.#end++] = initial === undefined ? 0 : 1
    this.#u64(alteration.expected)
    this.#count(alteration.by)
    this.#count(initial ?? 0n)
    this.#tags(tags)
    this.#entry(entry)
    this.#finish()
  }

  altered(requestId: number, { outcome, version, count }: AlteredBody, flags = 0): void {
    this.#begin(KIND.altered, flags, requestId, 0, 18)
    this.#bytes[this.#end++] = WRITE_OUTCOMES.indexOf(outcome)
    this.#bytes[this.#end++] = count === undefined ? 0 : 1
    this.#u64(version)
    this.#count(count ?? 0n)
    this.#finish()
  }

  getMany(requestId: number, budgetMs: number, keys: readonly string[]): void {
    this.#keys(KIND.getMany, requestId, budgetMs, keys)
  }

  deleteMany(requestId: number, budgetMs: number, keys: readonly string[]): void {
    this.#keys(KIND.deleteMany, requestId, budgetMs, keys)
  }

  setMany(requestId: number, budgetMs: number, writes: readonly BatchWrite[]): void {
    this.#begin(KIND.setMany, 0, requestId, budgetMs, writesBytes(writes))
    this.#u16(writes.length)
    for (const { key, entry, tags } of writes) {
      this.#key(key)
      this.#tags(tags)
      this.#sized(() => this.#entry(entry, false))
    }
    this.#finish()
  }

  /** The answers to a batch, in any order. `leaseMs`: so long those flagged as copied may be answered from a copy. */
  answers(requestId: number, answers: readonly BatchAnswer[], leaseMs = 0): void {
    this.#begin(KIND.answers, 0, requestId, leaseMs, answersBytes(answers))
    this.#u16(answers.length)
    for (const answer of answers) {
      this.#u16(answer.place)
      this.#bytes[this.#end++] = KIND[answer.kind]
      this.#bytes[this.#end++] = answer.flags
      this.#sized(() => this.#answer(answer))
    }
    this.#finish()
  }

  load(requestId: number, budgetMs: number, key: string, path: RequestPath, wish: LoadWish): void {
    this.#begin(KIND.load, 0, requestId, budgetMs, targetBytes(key, path) + 9)
    this.#target(key, path)
    this.#bytes[this.#end++] = wish.claim ? 1 : 0
    this.#u32(wish.leaseMs)
    this.#u32(wish.staleAfterMs)
    this.#finish()
  }

  fill(requestId: number, budgetMs: number, key: string, path: RequestPath, fill: FillBody): void {
    this.#begin(KIND.fill, 0, requestId, budgetMs, targetBytes(key, path) + 21 + this.#roomOf(fill.entry))
    this.#target(key, path)
    this.#u64(fill.token)
    this.#bytes[this.#end++] = FILL_KINDS.indexOf(fill.kind)
    this.#u32(fill.costMs)
    this.#u64(fill.freshMs)
    this.#entry(fill.entry)
    this.#finish()
  }

  release(requestId: number, budgetMs: number, key: string, path: RequestPath, release: ReleaseBody): void {
    const shown = release.message.slice(0, ERROR_LENGTH_MAX)
    this.#begin(KIND.release, 0, requestId, budgetMs, targetBytes(key, path) + 10 + shown.length * 3)
    this.#target(key, path)
    this.#u64(release.token)
    this.#failure(release.code, shown)
    this.#finish()
  }

  /** `stale`: what may be served while the holder of the lease loads. */
  lease(requestId: number, lease: LeaseBody, stale?: VersionedEntry, flags = 0): void {
    const bytes = 12 + idBytes(lease.holder) + (stale ? 8 + this.#roomOf(stale) : 0)
    this.#begin(KIND.lease, flags | (stale ? FLAG.stale : 0), requestId, 0, bytes)
    this.#u64(lease.token)
    this.#u32(lease.leaseMs)
    this.#id(lease.holder)
    if (stale !== undefined) {
      this.#u64(stale.version)
      this.#entry(stale)
    }
    this.#finish()
  }

  waiting(requestId: number): void {
    this.message(KIND.waiting, requestId, NOTHING)
  }

  /** `carried`: an entry as `packCarried` makes it. Without one it is a look. */
  replicate(requestId: number, budgetMs: number, key: string, path: RequestPath, carried = NOTHING): void {
    const kind = carried.length > 0 ? KIND.replicate : KIND.look
    this.#begin(kind, 0, requestId, budgetMs, targetBytes(key, path) + carried.length)
    this.#target(key, path)
    this.#raw(carried)
    this.#finish()
  }

  /** `leaseMs`: so long from when it was asked for it may be answered from a copy, with flag *copied*. */
  hit(requestId: number, version: number, entry: EntryBody, flags = 0, leaseMs = 0): void {
    this.#begin(KIND.hit, flags, requestId, leaseMs, 8 + this.#roomOf(entry))
    this.#u64(version)
    this.#entry(entry)
    this.#finish()
  }

  /** `shown`: in a straight answer the part of the key's hash that is shown, which in a hit stands for the lease. */
  miss(requestId: number, flags = 0, shown = 0): void {
    this.#begin(KIND.miss, flags, requestId, shown, 0)
    this.#finish()
  }

  done(requestId: number, version: number, existed: boolean, flags = 0): void {
    this.#begin(KIND.done, flags | (existed ? FLAG.existed : 0), requestId, 0, 8)
    this.#u64(version)
    this.#finish()
  }

  error(requestId: number, code: ErrorCode, message: string): void {
    this.#begin(KIND.error, 0, requestId, 0, 2 + Math.min(message.length, ERROR_LENGTH_MAX) * 3)
    this.#failure(code, message.slice(0, ERROR_LENGTH_MAX))
    this.#finish()
  }

  /** A frame whose body is there: a message (messages.ts), an entry (carried.ts), or what another member answered. */
  message(kind: FrameKind, requestId: number, body: Uint8Array, flags = 0): void {
    this.#begin(kind, flags, requestId, 0, messageBytes(kind, body))
    this.#raw(body)
    this.#finish()
  }

  /** Reserves all that the frame can take: what throws does so here, before a byte of it is written. */
  #begin(kind: FrameKind, flags: number, requestId: number, budgetMs: number, bodyBytesMax: number): void {
    this.#reserve(HEAD_BYTES + bodyBytesMax)
    const at = this.#end
    this.#frame = at
    const view = this.#view
    view.setUint8(at + 4, kind)
    view.setUint8(at + 5, flags)
    view.setUint16(at + 6, budgetMs > 0xffff ? 0xffff : budgetMs > 0 ? budgetMs : 0, true)
    view.setUint32(at + 8, requestId, true)
    view.setUint32(at + 12, this.stamp.digestPrefix, true)
    this.#end = at + 16
    this.#u64(this.stamp.serial)
    this.#u64(this.stamp.clock)
  }

  #finish(): void {
    this.#view.setUint32(this.#frame, this.#end - this.#frame - 4 + this.#kept.length, true)
  }

  #target(key: string, path: RequestPath): void {
    const hops = path.hops ?? NO_IDS
    const failed = path.failed ?? NO_IDS
    const head = this.#end
    this.#end += 4
    const keyBytes = this.#text(key)
    this.#view.setUint16(head, keyBytes, true)
    this.#view.setUint8(head + 2, hops.length)
    this.#view.setUint8(head + 3, failed.length)
    for (let i = 0; i < hops.length; i++) this.#id(hops[i] as string)
    for (let i = 0; i < failed.length; i++) this.#id(failed[i] as string)
  }

  #entry(entry: EntryBody, isLast = true): void {
    // What expired on its way here gets the shortest life, not the endless one that 0 stands for.
    this.#u64(entry.ttlMs < 0 ? 1 : Math.ceil(entry.ttlMs))
    const number = CONTENT_TYPES.indexOf(entry.contentType)
    this.#bytes[this.#end++] = number < 0 ? CONTENT_TYPE_TEXT : number
    if (number < 0) this.#id(entry.contentType)
    if (isLast && this.#keeps(entry.value)) this.#kept = entry.value
    else this.#raw(entry.value)
  }

  #roomOf(entry: EntryBody): number {
    return entryBytes(entry) - (this.#keeps(entry.value) ? entry.value.length : 0)
  }

  /** A view of larger memory may be of a cache's, where something else is put in its place later. */
  #keeps(value: Uint8Array): boolean {
    return this.#keepsValue && value.byteLength === value.buffer.byteLength
  }

  #keys(kind: FrameKind, requestId: number, budgetMs: number, keys: readonly string[]): void {
    this.#begin(kind, 0, requestId, budgetMs, keysBytes(keys))
    this.#u16(keys.length)
    for (const key of keys) this.#key(key)
    this.#finish()
  }

  #key(key: string): void {
    const lengthAt = this.#end
    this.#end += 2
    this.#view.setUint16(lengthAt, this.#text(key), true)
  }

  #tags(slots: readonly number[]): void {
    this.#bytes[this.#end++] = slots.length
    for (const slot of slots) this.#u16(slot)
  }

  #answer(answer: BatchAnswer): void {
    if (answer.kind === 'hit' || answer.kind === 'done') this.#u64(answer.version)
    if (answer.kind === 'hit') this.#entry(answer.entry, false)
    if (answer.kind !== 'error') return
    this.#failure(answer.code, answer.message.slice(0, ERROR_LENGTH_MAX))
  }

  #failure(code: ErrorCode, message: string): void {
    this.#u16(errorNumber(code))
    this.#text(message)
  }

  /** A u32 that says how many bytes follow, and they. */
  #sized(write: () => void): void {
    const lengthAt = this.#end
    this.#end += 4
    write()
    this.#view.setUint32(lengthAt, this.#end - lengthAt - 4, true)
  }

  /** All 64 bits. */
  #count(value: bigint): void {
    this.#view.setBigUint64(this.#end, value, true)
    this.#end += 8
  }

  #u16(value: number): void {
    this.#view.setUint16(this.#end, value, true)
    this.#end += 2
  }

  #id(id: string): void {
    const lengthAt = this.#end++
    this.#bytes[lengthAt] = this.#text(id)
  }

  /** UTF-8 at the end. Returns the bytes written. */
  #text(value: string): number {
    const written = writeText(value, this.#bytes, this.#end)
    this.#end += written
    return written
  }

  #raw(value: Uint8Array): void {
    this.#bytes.set(value, this.#end)
    this.#end += value.length
  }

  /** What is above its bound is sent as the bound: times, of which none matters that is so long. */
  #u32(value: number): void {
    this.#view.setUint32(this.#end, Math.min(0xffffffff, Math.max(0, Math.ceil(value))), true)
    this.#end += 4
  }

  #u64(value: number): void {
    writeU64(this.#view, this.#end, value)
    this.#end += 8
  }

  /** Room for `count` more bytes. What is not taken yet moves to the new slab; taken bytes stay as they are. */
  #reserve(count: number): void {
    if (this.#end + count <= this.#bytes.length) return
    const waiting = this.#end - this.#taken
    if (waiting + count > WAITING_BYTES_MAX) {
      throw new CacheMeshError('ERR_OVERLOADED', `${waiting} bytes of frames wait; nothing takes them`)
    }
    const least = this.#keepsValue ? count : SLAB_BYTES
    const bytes = new Uint8Array(Math.max(least, waiting * 2, waiting + count))
    bytes.set(this.#bytes.subarray(this.#taken, this.#end))
    this.#taken = 0
    this.#end = waiting
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer)
  }
}
