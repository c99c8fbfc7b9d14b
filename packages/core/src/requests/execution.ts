// What a responsible member does with a request: the steps between a frame, or an own call, and the store.

import { alterationOf, CacheMeshError, namespaceOf } from '@cachemesh/protocol'
import type { Flights } from '../flight/flights.ts'
import type { Instant } from '../limits/instant.ts'
import type { Entry } from '../store/entry.ts'
import type { Written } from '../store/store.ts'
import { alter, overwrite } from '../writes/alter.ts'
import type { WriteResult } from '../writes/result.ts'
import type { KeyRequest } from './call.ts'
import type { NodeParts } from './node-parts.ts'
import { checkSize } from './value-size.ts'

/**
 * Carries out a write of any kind. Throws ERR_VALUE_TOO_LARGE or ERR_WRONG_TYPE. The value is kept: it must be memory
 * of its own; in a plain `set` a small one need not be (`Store.copiedBytesMax`).
 */
export function executeWrite(
  { store, settings }: Pick<NodeParts, 'store' | 'settings'>,
  request: KeyRequest,
  at: Instant,
): WriteResult {
  const { key, hash, kind, entry, alteration } = request
  if (kind === 'set' && entry !== undefined) {
    checkSize(settings, namespaceOf(key), entry.value.length)
    return overwrite(store, { key, hash, entry }, at)
  }
  const { now, wall } = at
  const valueBytesMax = settings.in(namespaceOf(key), 'valueBytesMax')
  return alter(store, { key, ...(alteration ?? DELETE) }, { now, wall, valueBytesMax })
}

const DELETE = alterationOf('delete', {})

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
