import { LIMITS } from '@cachemesh/protocol'
import type { Placement, Target } from './placement.ts'

/** How a request came here. A request of this node's own program has passed nobody. */
export interface Passed {
  /** Members it has passed, the sender last. */
  readonly hops: readonly string[]
  /** Members that somebody on the way could not reach. */
  readonly failed: readonly string[]
}

export type Route =
  /** Answer from the own store, as the owner of the key. */
  | { readonly kind: 'owner' }
  /** Answer from the own store, in the place of members that cannot be reached: they may know better. */
  | { readonly kind: 'stand-in' }
  /** Pass it on; `failed` names those who should have got it instead. */
  | { readonly kind: 'forward'; readonly to: string; readonly failed: readonly string[] }
  /** It must not travel further and this node is not responsible: answer what is here, keep nothing. */
  | { readonly kind: 'last-resort' }
  /** Nobody responsible can be reached. */
  | { readonly kind: 'unavailable'; readonly failed: readonly string[] }

/**
 * What a node is to a key that it answers a request for: its owner, the first of its members that can be reached, or
 * nobody special, whom the request has come to at last. Only an owner knows for certain what is not there; only the
 * first two take writes.
 */
export type Role = Extract<Route['kind'], 'owner' | 'stand-in' | 'last-resort'>

const NOBODY: readonly string[] = []
const OWNER: Route = { kind: 'owner' }
const STAND_IN: Route = { kind: 'stand-in' }
const LAST_RESORT: Route = { kind: 'last-resort' }

/**
 * Decides where a request goes. It compares the ownership of this one key and never whole views: two nodes
 * with different configurations still agree on most keys, and refusing them all would fail requests that
 * were routed correctly. A request travels two hops at most, so different views cannot send it in circles.
 */
export function route(
  placement: Placement,
  target: Target,
  passed: Passed,
  reachable: (id: string) => boolean,
): Route {
  // Nearly every request has met no trouble yet, and goes to the owner: no lists have to be made for it.
  if (passed.failed.length === 0) {
    const owner = placement.owner(target.hash, target.key)
    if (owner === placement.self) return OWNER
    if (owner !== undefined && isAtEnd(passed, owner)) return LAST_RESORT
    if (owner !== undefined && reachable(owner)) return { kind: 'forward', to: owner, failed: NOBODY }
  }
  const preference = placement.list(target)
  // Others in the list say nothing about this key, and would make every frame after them longer.
  const failed = passed.failed.filter(id => preference.includes(id))
  for (const id of preference) {
    if (id === placement.self) return id === placement.owner(target.hash, target.key) ? OWNER : STAND_IN
    if (failed.includes(id)) continue
    if (isAtEnd(passed, id)) return LAST_RESORT
    if (reachable(id)) return { kind: 'forward', to: id, failed }
    failed.push(id)
  }
  return passed.hops.length > 0 ? LAST_RESORT : { kind: 'unavailable', failed }
}

/** A request may not travel further, to this member. */
function isAtEnd({ hops }: Passed, to: string): boolean {
  return hops.length > 0 && (hops.length >= LIMITS.hopsMax || hops.includes(to))
}
