// What a responsible member does with a request: the steps between a frame, or an own call, and the store.

import { CacheMeshError } from '@cachemesh/protocol'
import type { Flights } from '../flight/flights.ts'
import type { Instant } from '../limits/instant.ts'
import type { Entry } from '../store/entry.ts'
import type { Store, Written } from '../store/store.ts'
import type { KeyRequest } from './call.ts'

/** Carries out a set or a delete. Throws ERR_VALUE_TOO_LARGE. `entry.value` is kept: it must be memory of its own. */
export function executeWrite(store: Store, { key, entry }: KeyRequest, at: Instant): Written {
  if (entry === undefined) return store.remove(key, at)
  const { value, contentType, ttlMs } = entry
  const expiresAt = ttlMs === 0 ? Number.POSITIVE_INFINITY : at.now + ttlMs
  return store.write(key, { value, contentType, expiresAt }, at)
}

/** Takes what a lease brings back, or what a change feed tells. Throws ERR_LEASE_VOID. */
export function executeFill(flights: Flights, request: KeyRequest, at: Instant): Written {
  const { fill, release } = request
  if (fill) return flights.fill(request, fill, at)
  if (release) flights.release(request, release.token, new CacheMeshError(release.code, release.message), at)
  return { version: 0, existed: false }
}

/** Time to live that remains, whole ms, at least 1; 0: no expiry. */
export function remainingTtl(entry: Entry, now: number): number {
  return entry.expiresAt === Number.POSITIVE_INFINITY ? 0 : Math.max(1, Math.ceil(entry.expiresAt - now))
}

/** While ownership moves two views may each name the other: a write there would be lost unseen. */
export function moving(): CacheMeshError {
  return new CacheMeshError('ERR_UNAVAILABLE', 'The key is changing its owner; try again')
}
