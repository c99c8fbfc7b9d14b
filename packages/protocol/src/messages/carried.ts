// An entry, or a delete marker, with all that is known of it, as it travels between those who hold it. In arrays of
// fixed order, like all messages.

import { Packr } from 'msgpackr'
import { LIMITS } from '../limits.ts'
import { bytes, flag, list, malformed, serial, text } from './fields.ts'
import { checkStructure } from './structure.ts'

export interface CarriedEntry {
  readonly version: number
  /** A delete marker: without value. */
  readonly deleted: boolean
  /** Time to live that remains, ms; 0: no expiry. */
  readonly ttlMs: number
  /** Ms until it is stale, 0 or more; -1: never. */
  readonly staleMs: number
  /** Ms that it took to make; 0: unknown. */
  readonly costMs: number
  /** Slots of its tags. */
  readonly tags: readonly number[]
  readonly contentType: string
  /** Read out of a frame or a message it is a view into it: to be copied by whoever keeps it. */
  readonly value: Uint8Array
}

const packr = new Packr({ useRecords: false })
/** Fields of versions to come included. */
const FIELDS_MAX = 32

export function packCarried(entry: CarriedEntry): Uint8Array {
  // The encoder reuses its buffer; the copy makes the bytes the caller's.
  return new Uint8Array(packr.pack(writeCarried(entry)))
}

/** Throws ERR_MALFORMED_MESSAGE. Whether the value is one is for whoever keeps it to check. */
export function unpackCarried(body: Uint8Array): CarriedEntry {
  checkStructure(body, 'message')
  let fields: unknown
  try {
    fields = packr.unpack(body)
  } catch (cause) {
    throw malformed('cannot be decoded', cause)
  }
  return readCarried(list(fields, FIELDS_MAX))
}

export function writeCarried(entry: CarriedEntry): unknown[] {
  const { version, deleted, ttlMs, staleMs, costMs, tags, contentType, value } = entry
  return [
    version,
    deleted,
    Math.ceil(ttlMs),
    Math.ceil(staleMs),
    Math.round(costMs),
    tags,
    contentType,
    value,
  ]
}

export function readCarried(fields: readonly unknown[]): CarriedEntry {
  const [version, deleted, ttlMs, staleMs, costMs, tags, contentType, value] = fields
  return {
    version: serial(version),
    deleted: flag(deleted),
    ttlMs: serial(ttlMs),
    staleMs: staleMs === -1 ? -1 : serial(staleMs),
    costMs: serial(costMs),
    tags: list(tags, LIMITS.tagsMax).map(serial),
    contentType: text(contentType, LIMITS.contentTypeBytesMax),
    value: bytes(value, LIMITS.valueBytesMax),
  }
}
