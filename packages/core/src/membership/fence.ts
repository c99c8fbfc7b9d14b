// A node that stood still, or whose clocks went different ways, does not know whether the others have given it up
// meanwhile, and somebody else owns what it has owned. Until a round trip has shown that it is up to date it answers
// nothing from its memory as an owner: it waits for one for a second, and from then on says that it is not certain.
// The round trip begins after the pause: what waited in a buffer through it proves nothing.

import type { Watched } from './watched.ts'

/** open: nothing of that; waiting: requests wait; unproven: nobody answered, what is answered is not certain. */
export type FenceState = 'open' | 'waiting' | 'unproven'

/** Requests wait so long, and so often others are asked, ms. */
const PROOF_MS = 1_000

export interface FenceParts {
  readonly linked: ReadonlySet<string>
  /** Which beats of this node have come back. */
  readonly watched: Watched
}

export class Fence {
  readonly #parts: FenceParts
  #raisedAt: number | undefined
  #askAt = Number.POSITIVE_INFINITY
  /** Peers with a link that is younger than the pause. */
  readonly #anew = new Set<string>()

  constructor(parts: FenceParts) {
    this.#parts = parts
  }

  /** When others are to be asked again, monotonic ms. */
  get askAt(): number {
    return this.#askAt
  }

  raise(now: number): void {
    this.#raisedAt = now
    this.#anew.clear()
  }

  /** Others are asked for a round trip, and for their configuration first. */
  asked(now: number): void {
    this.#askAt = now + PROOF_MS
  }

  linkUp(peer: string): void {
    if (this.#raisedAt !== undefined) this.#anew.add(peer)
  }

  linkDown(peer: string): void {
    this.#anew.delete(peer)
  }

  /**
   * @param isKnown the configuration of this peer was compared with the own since it was asked
   * @param others there are other members
   */
  state(now: number, isKnown: (peer: string) => boolean, others: boolean): FenceState {
    const raisedAt = this.#raisedAt
    if (raisedAt === undefined) return 'open'
    const { linked, watched } = this.#parts
    const proves = (peer: string): boolean =>
      isKnown(peer) && (this.#anew.has(peer) || watched.heardSince(peer, raisedAt))
    if (others && ![...linked].some(proves)) return now < raisedAt + PROOF_MS ? 'waiting' : 'unproven'
    this.#raisedAt = undefined
    this.#askAt = Number.POSITIVE_INFINITY
    return 'open'
  }
}
