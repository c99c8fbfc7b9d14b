// Entries on their way from one node's memory to another's: times of a node mean nothing elsewhere.

import { type CarriedEntry, checkValue } from '@cachemesh/protocol'
import { deleteMarker, type Entry } from '../store/entry.ts'

const NEVER = Number.POSITIVE_INFINITY

/** What has expired is a delete: whoever holds an older value of the key must not show it either. */
export function carriedOf(entry: Entry, now: number): CarriedEntry {
  const { version, expiresAt, staleAt, cost, tags, contentType, value } = entry
  if (entry.deleted || expiresAt <= now) return markerOf(version)
  return {
    version,
    deleted: false,
    ttlMs: expiresAt === NEVER ? 0 : Math.max(1, expiresAt - now),
    staleMs: staleAt === NEVER ? -1 : Math.max(0, staleAt - now),
    costMs: cost,
    tags,
    contentType,
    value,
  }
}

/** Value and tags in memory of their own. Throws ERR_MALFORMED_MESSAGE for bytes that are no value. */
export function entryFrom(carried: CarriedEntry, now: number): Entry {
  const { version, deleted, ttlMs, staleMs, costMs, tags, contentType, value } = carried
  if (deleted) return deleteMarker(version, NEVER)
  checkValue(value, contentType)
  return {
    version,
    deleted,
    expiresAt: ttlMs === 0 ? NEVER : now + ttlMs,
    staleAt: staleMs < 0 ? NEVER : now + staleMs,
    cost: costMs,
    tags: [...tags],
    contentType,
    value: new Uint8Array(value),
  }
}

function markerOf(version: number): CarriedEntry {
  const nothing = { ttlMs: 0, staleMs: -1, costMs: 0, tags: [], contentType: '', value: NO_BYTES }
  return { version, deleted: true, ...nothing }
}

const NO_BYTES = new Uint8Array(0)
