// Before and after each step: a node that may have paused asks a few others for their configuration, and then for a round
// trip. What they hold comes before the beat that answers, so whoever has an answer knows whether it was given up.

import type { Configuration, Member } from '@cachemesh/protocol'
import type { Exchange } from '../configuration/exchange.ts'
import type { Instant } from '../limits/instant.ts'
import type { Membership } from '../membership/membership.ts'
import type { Replication } from '../replication/replication.ts'
import type { Output } from './output.ts'

export interface ProofParts {
  readonly self: string
  readonly rooms: { readonly replication: Replication; readonly configuration: Configuration }
  readonly exchange: Exchange
  readonly membership: Membership
}

/** So long after a pause others may still accuse, or give up, what this node was before it, ms. */
const NEWS_MS = 10_000

export class Proof {
  readonly #parts: ProofParts
  /** The latest incarnation of this node that others were found to have removed. */
  #removed = 0
  /** The incarnation of this node when it paused, and until when a higher one is a reason to doubt, monotonic ms. */
  #paused = 0
  #doubtsUntil = 0

  constructor(parts: ProofParts) {
    this.#parts = parts
  }

  /** @param jumped time has passed that this node may not have counted */
  begin(jumped: boolean, { now }: Instant): readonly Output[] {
    const { exchange, membership } = this.#parts
    if (!membership.doubtsItself(now, jumped)) return NOTHING
    this.#paused = this.#incarnation
    this.#doubtsUntil = now + NEWS_MS
    const asked = exchange.askSome(now)
    return [...asked, ...membership.askBack(asked, now)]
  }

  /**
   * Others had removed these members. If this node is one of them, somebody else has written what it holds: also when it
   * has answered an accusation before it heard of that, and nothing has happened in its document.
   */
  removed(members: readonly Member[], at: Instant): void {
    const { self, rooms, membership } = this.#parts
    const own = members.find(({ id }) => id === self)
    if (own === undefined || own.incarnation <= this.#removed) return
    this.#removed = own.incarnation
    rooms.replication.returns(membership.neighbours, at)
  }

  end(at: Instant): void {
    const { rooms, exchange, membership } = this.#parts
    if (at.now < this.#doubtsUntil && this.#incarnation > this.#paused) {
      this.#doubtsUntil = 0
      rooms.replication.returns(membership.neighbours, at)
    }
    rooms.replication.fence = membership.fence(at.now, peer => exchange.heldBy(peer) !== undefined)
  }

  /**
   * A higher one overrules a removal wherever it comes first, and who held one shows none from then on. So a node that
   * answers an accusation that waited through its pause may never hear that it was removed: he who proves that it is a
   * member may have learnt it from that answer (seed 445 of 8).
   */
  get #incarnation(): number {
    const { self, rooms } = this.#parts
    return rooms.configuration.member(self)?.incarnation ?? 0
  }
}

const NOTHING: readonly Output[] = []
