import type { FillBody } from '@cachemesh/protocol'
import { TIMES } from '../limits/limits.ts'
import type { Role } from '../placement/router.ts'
import { type Entry, entryOf } from '../store/entry.ts'

/** The entry that a fill makes, if it is kept by one who is this to its key. `fill.entry.value` is kept. */
export function entryOfFill(
  fill: FillBody,
  version: number,
  { as, now }: { readonly as: Role; readonly now: number },
): Entry {
  const { value, contentType, ttlMs } = fill.entry
  // Who stands in is not told of the owner's writes once the owner is back.
  const longestMs = as === 'owner' ? Number.POSITIVE_INFINITY : TIMES.standInFillMs
  const expiresAt = now + Math.min(ttlMs === 0 ? Number.POSITIVE_INFINITY : ttlMs, longestMs)
  const staleAt = fill.freshMs === 0 ? Number.POSITIVE_INFINITY : now + fill.freshMs
  return entryOf({ value, contentType, expiresAt, staleAt, cost: fill.costMs }, version)
}
