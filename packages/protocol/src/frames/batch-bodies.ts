// What batches carry: requests for several keys that one member owns, and the answers to them, each by the place of
// its key (docs/protocol/frames.md).

import type { ErrorCode } from '../errors.ts'
import type { EntryBody } from './entry-body.ts'

export interface BatchWrite {
  /** Qualified key. */
  readonly key: string
  readonly entry: EntryBody
  /** Slots of its tags. */
  readonly tags: readonly number[]
}

/** `place`: of the key in the batch, from 0. */
export type BatchAnswer = { readonly place: number; readonly flags: number } & (
  | { readonly kind: 'hit'; readonly version: number; readonly entry: EntryBody }
  | { readonly kind: 'miss' }
  | { readonly kind: 'done'; readonly version: number }
  | { readonly kind: 'error'; readonly code: ErrorCode; readonly message: string }
)
