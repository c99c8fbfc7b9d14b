import type { Entry } from '../store/entry.ts'
import type { Written } from '../store/store.ts'

/**
 * How a write ended. Where a condition does not hold that is an answer, not an error: the caller put the question.
 * - `stored`: it took effect, under the version that comes with it
 * - `exists`: there is an entry, and there should have been none
 * - `not-found`: there is none, and there should have been one
 * - `conflict`: there is an entry of another version than the expected one
 */
export type WriteOutcome = (typeof WRITE_OUTCOMES)[number]

/** In the order of their numbers in a frame, which only grow. */
export const WRITE_OUTCOMES = ['stored', 'exists', 'not-found', 'conflict'] as const

/** What a write did. `version` is that of the entry that is there now; 0: there is none. */
export interface WriteResult extends Written {
  readonly outcome: WriteOutcome
  /** What a counter stands at. */
  readonly count?: bigint
  /** What is there now, when it took effect: an entry or a delete marker. Valid until the next write to the store. */
  readonly entry?: Entry
}
