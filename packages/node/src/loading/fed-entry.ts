// Stands apart, so that the public types name nothing of what is beneath.

import type { Duration } from '../options/duration.ts'

/** One change, as the data store tells it. */
export interface FedEntry<T> {
  readonly key: string
  readonly value: T
  /**
   * Rises with every change of this key: a position in a log, a row version, a time in ms. A whole number from 0 to
   * 2^53 − 1. What is not later than what was told before is not kept.
   */
  readonly order: number
  /** Time to live, ms or a text. Default: the namespace's. */
  readonly ttl?: Duration
}

/** How many changes were kept, and how many were no news. */
export interface Fed {
  readonly kept: number
  readonly older: number
}
