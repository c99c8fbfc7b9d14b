import type { Delta, ErrorCode, Message } from '@cachemesh/protocol'
import type { Operation } from '../configuration/operations.ts'
import type { Attributes } from '../membership/presence.ts'

/** All that can happen to a node, besides requests for keys. */
export type Input =
  /** Time has come: `wakeAt` is over. */
  | { readonly kind: 'tick' }
  | { readonly kind: 'link-up'; readonly peer: string }
  | { readonly kind: 'link-down'; readonly peer: string }
  /** A dial ended in a link; the peer may be this node itself when a seed address was its own. */
  | { readonly kind: 'dialled'; readonly contact: string; readonly peer: string }
  | { readonly kind: 'dial-failed'; readonly contact: string; readonly code: ErrorCode }
  /** `clock`: what the sender's version clock showed when it sent it. */
  | { readonly kind: 'message'; readonly from: string; readonly message: Message; readonly clock?: number }
  | { readonly kind: 'announced'; readonly from: string; readonly delta: Delta }
  /** A frame's head named another document than the current one. */
  | { readonly kind: 'stamp'; readonly from: string; readonly digestPrefix: number }
  /** This node's own attributes change: an address, a gateway, its weight. */
  | { readonly kind: 'attributes'; readonly attributes: Attributes }
  /** Answered by an output with the same number; `attributes` change with what an update changes. */
  | {
      readonly kind: 'operation'
      readonly ask: number
      readonly operation: Operation
      readonly attributes?: Attributes
    }
  /** A request has to go to this member, and there is no link to it. */
  | { readonly kind: 'wanted'; readonly peer: string }
  | { readonly kind: 'leave' }
