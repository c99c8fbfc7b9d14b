// Stands apart, so that the public types name nothing of what is beneath.

import type { Duration } from '../options/duration.ts'

export interface SetOptions {
  /** Time to live, ms or a text such as `'5m'`. Default: the namespace's. */
  readonly ttl?: Duration
  /** Groups of entries of this namespace that `deleteByTag` deletes, up to 16. */
  readonly tags?: readonly string[]
}
