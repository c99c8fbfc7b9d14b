// Writes of one key that may hang on what is there. The owner of the key carries them out, one after the other and
// each as a whole: nothing comes between what is read and what is written. An operation that does not fit the value
// that is there, or a value that is too large, throws and changes nothing.

import {
  type Alteration,
  CacheMeshError,
  decodeValue,
  type EntryBody,
  encodeValue,
  STRUCTURED,
  type WriteOutcome,
} from '@cachemesh/protocol'
import type { Instant } from '../limits/instant.ts'
import type { Target } from '../placement/placement.ts'
import { deleteMarker, type Entry, entryOf, type NewEntry, NO_TAGS } from '../store/entry.ts'
import type { Store } from '../store/store.ts'
import { countOf, decreased, encodeCount, increased } from './counter.ts'
import type { WriteResult } from './result.ts'

export interface AlterRequest extends Alteration {
  /** Qualified key. */
  readonly key: string
}

export interface OverwriteRequest extends Target {
  readonly entry: EntryBody
}

/** The moment of a write, and the largest value that may be the result. */
export interface WriteFrame {
  readonly now: number
  readonly wall: number
  readonly valueBytesMax: number
}

/** Throws ERR_WRONG_TYPE or ERR_VALUE_TOO_LARGE. `entry.value` is kept: it must be memory of its own. */
export function alter(store: Store, request: AlterRequest, at: WriteFrame): WriteResult {
  const current = store.read(request.key, at.now)
  const refused = refusal(request, current)
  if (refused !== undefined) {
    return { outcome: refused, version: current?.version ?? 0, existed: current !== undefined }
  }
  if (request.operation === 'delete') return erase(store, request.key, { current, at })
  const { next, count } = result(request, current, at)
  if (next.value.length > at.valueBytesMax) throw tooLarge(next.value.length, at.valueBytesMax)
  const entry = entryOf(next, store.clock.next(at.wall))
  store.put(request.key, entry, at.now)
  const written = {
    outcome: 'stored',
    version: entry.version,
    existed: current !== undefined,
    entry,
  } as const
  return count === undefined ? written : { ...written, count }
}

/**
 * As an `alter` that hangs on nothing, the operation `set` without tags, of a value that is not too large: most writes
 * are. Small values are copied (`Store.copiedBytesMax`), larger ones kept.
 */
export function overwrite(store: Store, request: OverwriteRequest, at: Instant): WriteResult {
  const { key, hash, entry: said } = request
  const existed = store.seek(key, hash, at) !== 0
  const { now } = at
  const entry: Entry = {
    value: said.value,
    contentType: said.contentType,
    version: store.clock.next(at.wall),
    expiresAt: said.ttlMs === 0 ? Number.POSITIVE_INFINITY : now + said.ttlMs,
    deleted: false,
    cost: 0,
    staleAt: Number.POSITIVE_INFINITY,
    tags: NO_TAGS,
  }
  store.keep(request, entry, now)
  return { outcome: 'stored', version: entry.version, existed, entry }
}

/** Why it must not be done, if so. */
function refusal(
  { operation, expected, initial }: Alteration,
  current: Entry | undefined,
): WriteOutcome | undefined {
  if (operation === 'add') return current === undefined ? undefined : 'exists'
  if (current === undefined) {
    const counts = operation === 'increment' || operation === 'decrement'
    const makes = operation === 'set' || operation === 'delete' || (counts && initial !== undefined)
    return makes && expected === 0 ? undefined : 'not-found'
  }
  return expected === 0 || expected === current.version ? undefined : 'conflict'
}

interface Result {
  readonly next: NewEntry
  readonly count?: bigint
}

function result(request: AlterRequest, current: Entry | undefined, { now }: WriteFrame): Result {
  const { operation, entry, tags } = request
  const expiresAt = entry.ttlMs === 0 ? Number.POSITIVE_INFINITY : now + entry.ttlMs
  switch (operation) {
    case 'append':
    case 'prepend':
      return { next: joined(current as Entry, entry, operation) }
    case 'increment':
    case 'decrement':
      return counted(request, current, expiresAt)
    case 'touch':
    case 'get-and-touch':
      return { next: touched(current as Entry, expiresAt) }
    default:
      return { next: { value: entry.value, contentType: entry.contentType, expiresAt, tags } }
  }
}

/** The value lies where the store may put something else while it keeps this. */
function touched(current: Entry, expiresAt: number): NewEntry {
  return { ...current, value: new Uint8Array(current.value), expiresAt }
}

/** Texts grow by texts and bytes by bytes. Time to live and tags stay as they are. */
function joined(current: Entry, added: EntryBody, operation: 'append' | 'prepend'): NewEntry {
  const isText = added.contentType === STRUCTURED
  if (isText !== (current.contentType === STRUCTURED)) throw unlike()
  const [first, second] = operation === 'append' ? [current, added] : [added, current]
  if (isText) return { ...current, ...encodeValue(textIn(first) + textIn(second)) }
  const value = new Uint8Array(first.value.length + second.value.length)
  value.set(first.value)
  value.set(second.value, first.value.length)
  return { ...current, value }
}

function textIn({ value, contentType }: Pick<EntryBody, 'value' | 'contentType'>): string {
  const text = decodeValue(value, contentType)
  if (typeof text === 'string') return text
  throw unlike()
}

function unlike(): CacheMeshError {
  return new CacheMeshError(
    'ERR_WRONG_TYPE',
    'A text grows by texts and bytes by bytes; the value that is there is neither, or the other of the two',
  )
}

function counted(
  { operation, by, initial, entry }: AlterRequest,
  current: Entry | undefined,
  expiresAt: number,
): Result {
  if (current === undefined) {
    const count = initial as bigint
    return { next: { ...encodeCount(count, entry.contentType), expiresAt }, count }
  }
  const before = countOf(current)
  const count = operation === 'increment' ? increased(before, by) : decreased(before, by)
  return { next: { ...current, ...encodeCount(count, current.contentType) }, count }
}

/** There may be nothing here and something at a replica: the marker is made in any case. */
function erase(
  store: Store,
  key: string,
  { current, at }: { readonly current: Entry | undefined; readonly at: WriteFrame },
): WriteResult {
  const { version, existed } = store.remove(key, at)
  const entry = store.latest(key) ?? deleteMarker(version, at.now)
  return { outcome: 'stored', version, existed: existed || current !== undefined, entry }
}

function tooLarge(sizeBytes: number, bytesMax: number): CacheMeshError {
  return new CacheMeshError(
    'ERR_VALUE_TOO_LARGE',
    `A value of ${sizeBytes} bytes is more than the setting valueBytesMax of this mesh allows, which is ${bytesMax}`,
  )
}
