import type { CacheMeshError, Configuration } from '@cachemesh/protocol'
import type { ExchangeOutput } from '../configuration/exchange.ts'
import type { AnswerOutput } from '../configuration/operations.ts'
import type { Contact } from '../membership/contacts.ts'
import type { Suspicion } from '../membership/doubts.ts'

/** Where a node is in its life. */
export type NodeState =
  /** It has not compared its configuration with anybody yet. */
  | 'joining'
  /** It is a member and serves. */
  | 'active'
  /** It serves, and nobody else answers: it keeps trying. */
  | 'alone'
  | 'left'
  /** Its mesh was given up: it is a member of nothing and holds nothing. */
  | 'destroyed'

/** All that a node wants to happen. */
export type Output =
  | Exclude<ExchangeOutput, { kind: 'surprise' }>
  | AnswerOutput
  | Suspicion
  | { readonly kind: 'dial'; readonly contact: Contact }
  /** Nobody needs the link to this peer any more, or it carries nothing. */
  | { readonly kind: 'unlink'; readonly peer: string }
  /** Members that were removed and may come back: to keep across a restart. */
  | { readonly kind: 'absent'; readonly contacts: readonly Contact[] }
  /** The configuration says something else than before; a higher serial of the same text is no change. */
  | { readonly kind: 'configuration'; readonly configuration: Configuration }
  | { readonly kind: 'state'; readonly state: NodeState }
  /** Peers have confirmed the current configuration: what it says of this node is known beyond it. */
  | { readonly kind: 'agreed' }
  /** The whole configuration in bytes, to keep across a restart. */
  | { readonly kind: 'persist'; readonly bytes: Uint8Array }
  /** A peer's message was refused: it is broken or poisoned. From this node itself: there is no room for its record. */
  | { readonly kind: 'refused'; readonly from: string; readonly error: CacheMeshError }
