import type { Random } from '../chance/random.ts'
import type { Entry } from '../store/entry.ts'

/** -ln of the smallest number above 0 that the dice show: nobody draws a longer head start than that. */
const DRAW_MAX = 22.2

type Times = Pick<Entry, 'cost' | 'staleAt' | 'expiresAt'>

/** Whether it may be refreshed by a read while it is fresh: only then dice are rolled. */
export function isNearItsEnd({ cost, staleAt, expiresAt }: Times, now: number): boolean {
  return cost > 0 && Math.min(staleAt, expiresAt) - now <= cost * DRAW_MAX
}

/**
 * Whether this read refreshes an entry that is still fresh (XFetch: Vattani, Chierichetti and Lowenstein, 2015). Each
 * read draws a head start, exponentially distributed with the time that a load takes as its mean: so one of many readers
 * loads shortly before the time is over, the earlier the more are reading, and hardly ever one of few.
 */
export function isEarly(entry: Entry, now: number, random: Random): boolean {
  if (!isNearItsEnd(entry, now)) return false
  const { cost, staleAt, expiresAt } = entry
  const left = Math.min(staleAt, expiresAt) - now
  return -Math.log(1 - random.fraction()) * cost >= left
}
