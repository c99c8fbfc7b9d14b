// What the frames of loads carry besides their targets (docs/protocol/frames.md).

import type { ErrorCode } from '../errors.ts'
import type { EntryBody } from './entry-body.ts'

/** What the sender of a load can do and will take. */
export interface LoadWish {
  /** It wants the lease in any case: it is about to write the data store. */
  readonly claim: boolean
  /** How long it needs a lease for, ms; 0: it cannot load. */
  readonly leaseMs: number
  /** How long it waits for a fresh value when there is a stale one, ms. */
  readonly staleAfterMs: number
}

/** Numbered by their place; numbers only grow. */
export const FILL_KINDS = ['absent', 'loaded', 'written', 'fed'] as const

export interface FillBody {
  /** Of the lease; of what was fed the order that the data store gives to the changes of a key. */
  readonly token: number
  /**
   * The data store has nothing (`entry.ttlMs` says how long that holds, 0: not at all), it has this, it has taken
   * this, or it says of itself that it has this.
   */
  readonly kind: (typeof FILL_KINDS)[number]
  /** What it took to load, ms. */
  readonly costMs: number
  /** How long it is fresh, ms; 0: as long as it lives. */
  readonly freshMs: number
  readonly entry: EntryBody
}

export interface ReleaseBody {
  readonly token: number
  readonly code: ErrorCode
  readonly message: string
}

export interface LeaseBody {
  readonly token: number
  /** From when it was granted. */
  readonly leaseMs: number
  /** Id of the member that granted it: the fill goes there. */
  readonly holder: string
}

export interface VersionedEntry extends EntryBody {
  readonly version: number
}
