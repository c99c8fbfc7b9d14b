// Stands apart, so that the public types name nothing of what is beneath.

import type { Duration } from '../options/duration.ts'

/** How one read wants to be answered. */
export interface GetOptions {
  /**
   * What happens on a miss: `'load'`, it is loaded, by this process when the namespace has a `load`, else by whoever can;
   * `'miss'`, it stays a miss. Default: `'load'` when the namespace has a `load`.
   */
  readonly onMiss?: 'load' | 'miss'
  /** How long this caller waits, ms or a text. A load goes on for the others. Default: the node's `timeout`. */
  readonly timeout?: Duration
  /** Aborting it rejects this call with the reason of the signal. */
  readonly signal?: AbortSignal
}
