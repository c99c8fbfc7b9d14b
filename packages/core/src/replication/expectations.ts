// Members that may know of entries that this node should have and has not got yet. As long as there are any this node
// is cold: what is not in its memory may be in theirs.

import { TIMES } from '../limits/limits.ts'

export class Expectations {
  readonly #linked: ReadonlySet<string>
  /** Until when each is waited for, unless a transfer from it is under way; monotonic ms. */
  readonly #until = new Map<string, number>()

  constructor(linked: ReadonlySet<string>) {
    this.#linked = linked
  }

  get size(): number {
    return this.#until.size
  }

  has(peer: string): boolean {
    return this.#until.has(peer)
  }

  expect(peer: string, now: number): void {
    this.#until.set(peer, now + TIMES.expectMs)
  }

  met(peer: string): void {
    this.#until.delete(peer)
  }

  /** Gives up those who say nothing: they cannot be reached, or are of a version that offers nothing. */
  tick(now: number, isComing: (peer: string) => boolean): void {
    for (const [peer, until] of this.#until) {
      if (this.#linked.has(peer) && isComing(peer)) this.#until.set(peer, now + TIMES.expectMs)
      else if (now >= until) this.#until.delete(peer)
    }
  }

  get wakeAt(): number {
    let at = Number.POSITIVE_INFINITY
    for (const until of this.#until.values()) at = Math.min(at, until)
    return at
  }
}
