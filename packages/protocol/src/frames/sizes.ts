// How many bytes the parts of a frame take, at most. Each throws for what the other side would take for a broken
// stream, so that nothing of such a frame is written.

import { CacheMeshError } from '../errors.ts'
import { utf8Length } from '../keys.ts'
import { LIMITS } from '../limits.ts'
import type { BatchAnswer, BatchWrite } from './batch-bodies.ts'
import type { EntryBody } from './entry-body.ts'
import { bodyBytesMax, FLAG } from './layout.ts'

/** Characters of the text of an error; the rest is left out. */
export const ERROR_LENGTH_MAX = 1024

/** What every request for a key carries besides the key. */
export interface RequestPath {
  /** Members that this request has passed, without the sender. */
  readonly hops?: readonly string[]
  /** Members that should have answered but could not be reached: why the receiver is asked instead. */
  readonly failed?: readonly string[]
  /** Of a get: a copy was here whose lease is over, and is asked for often. */
  readonly lapsed?: boolean
  /** Of a get: the receiver is asked for what it keeps for the owner. */
  readonly spare?: boolean
  /** Of a get: who asked first takes the answer from whoever owns the key. */
  readonly straight?: boolean
  /** Of such a get, when it is passed on: the id under which the first of `hops` waits for it. */
  readonly origin?: number | undefined
}

export const NO_PATH: RequestPath = {}

export function getFlags({ spare, lapsed, straight }: RequestPath): number {
  const flags = spare === true ? FLAG.spare : lapsed === true ? FLAG.copied : 0
  return straight === true ? flags | FLAG.straight : flags
}

export const NO_IDS: readonly string[] = []

export function targetBytes(key: string, path: RequestPath): number {
  const hops = path.hops ?? NO_IDS
  const failed = path.failed ?? NO_IDS
  if (hops.length > LIMITS.hopsMax || failed.length > LIMITS.failedMax) {
    throw new CacheMeshError(
      'ERR_INVALID_ARGUMENT',
      `A request names ${hops.length} hops and ${failed.length} failed members; the limits are ${LIMITS.hopsMax} and ${LIMITS.failedMax}`,
    )
  }
  let bytes = 4 + keyBytes(key)
  for (let i = 0; i < hops.length; i++) bytes += idBytes(hops[i] as string)
  for (let i = 0; i < failed.length; i++) bytes += idBytes(failed[i] as string)
  return bytes
}

export function idBytes(id: string): number {
  checkText('node id', id, LIMITS.nodeIdBytesMax)
  return 1 + id.length * 3
}

function keyBytes(key: string): number {
  checkText('key', key, LIMITS.keyBytesMax)
  return key.length * 3
}

export function entryBytes({ value, contentType, ttlMs }: EntryBody): number {
  if (value.length > LIMITS.valueBytesMax) throw tooLarge('value', value.length, LIMITS.valueBytesMax)
  if (!(ttlMs <= LIMITS.ttlMsMax)) {
    throw new CacheMeshError('ERR_INVALID_TTL', `A time to live of ${ttlMs} ms cannot be sent`)
  }
  if (contentType !== '') checkText('content type', contentType, LIMITS.contentTypeBytesMax)
  return 8 + 2 + contentType.length * 3 + value.length
}

export function keysBytes(keys: readonly string[]): number {
  return keys.reduce((sum, key) => sum + 2 + keyBytes(key), 2)
}

export function writesBytes(writes: readonly BatchWrite[]): number {
  return writes.reduce(
    (sum, { key, entry, tags }) => sum + keyBytes(key) + entryBytes(entry) + tags.length * 2 + 7,
    2,
  )
}

export function answersBytes(answers: readonly BatchAnswer[]): number {
  return answers.reduce((sum, answer) => sum + 8 + answerBytes(answer), 2)
}

function answerBytes(answer: BatchAnswer): number {
  if (answer.kind === 'hit') return 8 + entryBytes(answer.entry)
  return answer.kind === 'error' ? 2 + Math.min(answer.message.length, ERROR_LENGTH_MAX) * 3 : 8
}

function checkText(what: string, value: string, bytesMax: number): void {
  // Three bytes per UTF-16 unit at most: only long texts need to be counted.
  if (value !== '' && (value.length * 3 <= bytesMax || utf8Length(value) <= bytesMax)) return
  throw new CacheMeshError(
    'ERR_INVALID_ARGUMENT',
    `A ${what} of ${utf8Length(value)} bytes cannot be sent; 1 to ${bytesMax} are allowed`,
  )
}

export function tooLarge(what: string, bytes: number, bytesMax: number): CacheMeshError {
  return new CacheMeshError(
    'ERR_VALUE_TOO_LARGE',
    `A ${what} of ${bytes} bytes cannot be sent; the limit is ${bytesMax}`,
  )
}

export function messageBytes(kind: number, { length }: Uint8Array): number {
  if (length > bodyBytesMax(kind)) throw tooLarge('message', length, bodyBytesMax(kind))
  return length
}
