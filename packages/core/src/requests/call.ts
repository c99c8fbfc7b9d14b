import type { CacheMeshError, EntryBody, Frame } from '@cachemesh/protocol'
import type { Instant } from '../limits/instant.ts'
import type { Route } from '../placement/router.ts'

/** The way of a request that has passed nobody. One for all: most calls are of this node's own program. */
export const NO_HOPS: readonly string[] = []

/** What is asked of whoever is responsible for a key. */
export interface KeyRequest {
  readonly kind: 'get' | 'set' | 'delete'
  /** Qualified key. */
  readonly key: string
  readonly hash: number
  /** For `set`: in memory that nobody else writes to. */
  readonly entry?: EntryBody
}

/**
 * What a node is to a key that it answers a request for: its owner, the first of its members that can be reached, or
 * nobody special, whom the request has come to at last. Only an owner knows for certain what is not there; only the
 * first two take writes.
 */
export type Role = Extract<Route['kind'], 'owner' | 'stand-in' | 'last-resort'>

/** A request and who waits for its answer: a program of this process, or a peer that passed it on. */
export interface Call {
  readonly request: KeyRequest
  /** Members it has passed before this node. */
  readonly hops: readonly string[]
  /** Monotonic ms. It is answered by then, whatever happens. */
  readonly deadline: number
  /** Members that did not answer. */
  failed: readonly string[]
  /** The member that is asked now, and since when, in ms that this node has listened (calls.ts). */
  to: string
  sentAt: number

  /** The reply of another member; valid during the call only. */
  answered(frame: Frame): void
  /** This node itself answers. */
  served(as: Role, at: Instant): void
  failedWith(error: CacheMeshError): void
}
