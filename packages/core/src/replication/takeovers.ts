// Members that were removed here and may come back: when their part was taken over, and whether anything of what was
// written to it since has been forgotten. If so, what they still hold from before is worth nothing: the write that
// took its place may be the one that was evicted. If not, the greater version tells which of two is right.

import { TIMES } from '../limits/limits.ts'
import type { Placement } from '../placement/placement.ts'
import type { Store } from '../store/store.ts'
import type { Holdings } from './holdings.ts'

interface Takeover {
  readonly version: number
  readonly at: number
  readonly forgotten: number
}

export class Takeovers {
  readonly #store: Store
  readonly #taken = new Map<string, Takeover>()

  constructor(store: Store) {
    this.#store = store
  }

  removed(member: string, { now, wall }: { readonly now: number; readonly wall: number }): void {
    if (this.#taken.has(member)) return
    this.#taken.set(member, {
      version: this.#store.clock.next(wall),
      at: now,
      forgotten: forgotten(this.#store),
    })
    for (const oldest of this.#taken.keys()) {
      if (this.#taken.size <= TAKEN_MAX) break
      this.#taken.delete(oldest)
    }
  }

  /** Version up to which what this member held is void; 0: none of it is, or it was not removed. */
  since(member: string, now: number): number {
    const taken = this.#taken.get(member)
    if (taken === undefined) return 0
    const isComplete = forgotten(this.#store) === taken.forgotten && now - taken.at < TIMES.markerMs / 2
    return isComplete ? 0 : taken.version
  }

  settled(member: string): void {
    this.#taken.delete(member)
  }
}

const TAKEN_MAX = 1_000

function forgotten({ stats }: Store): number {
  return stats.owned.evictions + stats.owned.expirations
}

/** Members of a list among which the first of the other side of a cut is looked for. */
const TAKER_AMONG = 64

/**
 * Drops what this node has held since before it was removed, of keys that `peer` took over: all up to version `since`.
 * Those are the keys for which the peer is the first in the list that was not on this node's side.
 */
export function dropTaken(
  holdings: Holdings,
  { peer, since, former }: { readonly peer: string; readonly since: number; readonly former: Placement },
): void {
  if (since === 0) return
  const own = new Set(former.ring.members)
  own.delete(peer)
  own.add(former.self)
  const { placement } = holdings
  const { ring } = placement
  const list = new Int32Array(Math.min(ring.members.length, TAKER_AMONG))
  holdings.drop(since, target => {
    if (placement.isPartitioned) {
      const ids = placement.walk(target, list.length)
      const taker = ids.find(id => id === peer || !own.has(id))
      return taker === undefined ? ids.length === TAKER_AMONG : taker === peer
    }
    const found = ring.preference(target.hash, list)
    for (let i = 0; i < found; i++) {
      const id = ring.members[list[i] as number] as string
      if (id === peer) return true
      if (!own.has(id)) return false
    }
    return found === TAKER_AMONG
  })
}
