// Before and after each step: a node that may have paused asks a few others for their configuration, and then for a round
// trip. What they hold comes before the beat that answers, so whoever has an answer knows whether it was given up.

import type { Member } from '@cachemesh/protocol'
import type { Exchange } from '../configuration/exchange.ts'
import type { Instant } from '../limits/instant.ts'
import type { Membership } from '../membership/membership.ts'
import type { Replication } from '../replication/replication.ts'
import type { Output } from './output.ts'

export interface ProofParts {
  readonly self: string
  readonly rooms: { readonly replication: Replication }
  readonly exchange: Exchange
  readonly membership: Membership
}

export class Proof {
  readonly #parts: ProofParts
  /** The latest incarnation of this node that others were found to have removed. */
  #removed = 0

  constructor(parts: ProofParts) {
    this.#parts = parts
  }

  /** @param jumped time has passed that this node may not have counted */
  begin(jumped: boolean, { now }: Instant): readonly Output[] {
    const { exchange, membership } = this.#parts
    if (!membership.doubtsItself(now, jumped)) return NOTHING
    const asked = exchange.askSome(now)
    return [...asked, ...membership.askBack(asked, now)]
  }

  /**
   * Others had removed these members. If this node is one of them, somebody else has written what it holds: also when it
   * has answered an accusation before it heard of that, and nothing has happened in its document.
   */
  removed(members: readonly Member[], at: Instant): void {
    const { self, rooms } = this.#parts
    const own = members.find(({ id }) => id === self)
    if (own === undefined || own.incarnation <= this.#removed) return
    this.#removed = own.incarnation
    rooms.replication.returns(at)
  }

  end({ now }: Instant): void {
    const { rooms, exchange, membership } = this.#parts
    rooms.replication.fence = membership.fence(now, peer => exchange.heldBy(peer) !== undefined)
  }
}

const NOTHING: readonly Output[] = []
