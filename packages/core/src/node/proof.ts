// Before and after each step: a node that may have paused asks a few others for their configuration, and then for a round
// trip. What they hold comes before the beat that answers, so whoever has an answer knows whether it was given up.

import type { Exchange } from '../configuration/exchange.ts'
import type { Instant } from '../limits/instant.ts'
import type { Membership } from '../membership/membership.ts'
import type { Replication } from '../replication/replication.ts'
import type { Output } from './output.ts'

export interface ProofParts {
  readonly rooms: { readonly replication: Replication }
  readonly exchange: Exchange
  readonly membership: Membership
}

export class Proof {
  readonly #parts: ProofParts

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

  end({ now }: Instant): void {
    const { rooms, exchange, membership } = this.#parts
    rooms.replication.fence = membership.fence(now, peer => exchange.heldBy(peer) !== undefined)
  }
}

const NOTHING: readonly Output[] = []
