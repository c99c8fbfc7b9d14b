// What a responsible member does with a request: the steps between a frame, or an own call, and the store.

import type { Entry, Store, Written } from '@cachemesh/core'
import type { EntryBody } from '@cachemesh/protocol'
import { instant } from '../time.ts'

/** Throws ERR_VALUE_TOO_LARGE. `entry.value` is kept: it must be memory of its own. */
export function executeSet(store: Store, key: string, { value, contentType, ttlMs }: EntryBody): Written {
  const at = instant()
  const expiresAt = ttlMs === 0 ? Number.POSITIVE_INFINITY : at.now + ttlMs
  return store.write(key, { value, contentType, expiresAt }, at)
}

export function executeDelete(store: Store, key: string): Written {
  return store.remove(key, instant())
}

/** Time to live that remains, whole ms, at least 1; 0: no expiry. */
export function remainingTtl(entry: Entry, now: number): number {
  return entry.expiresAt === Number.POSITIVE_INFINITY ? 0 : Math.max(1, Math.ceil(entry.expiresAt - now))
}
