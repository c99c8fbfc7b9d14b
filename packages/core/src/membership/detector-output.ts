import type { Message } from '@cachemesh/protocol'
import type { Suspicion } from './doubts.ts'

export interface Sent {
  readonly kind: 'send'
  readonly to: string
  readonly message: Message
}

/** What the detector wants to happen. */
export type DetectorOutput =
  | Suspicion
  | Sent
  /** The link carries nothing any more: a new one may. */
  | { readonly kind: 'unlink'; readonly peer: string }
  /** A link to this peer is needed. */
  | { readonly kind: 'want'; readonly peer: string }
  /** Somebody accuses this node's claim of this `since`. */
  | { readonly kind: 'accused'; readonly since: number }
  /** Enough observers say that this node answers no requests. */
  | { readonly kind: 'unable'; readonly since: number }
  /** These members are to be removed. */
  | { readonly kind: 'remove'; readonly members: readonly string[] }
