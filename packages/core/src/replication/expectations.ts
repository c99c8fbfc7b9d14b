// Members that may know of entries that this node should have and has not got yet. As long as there are any this node
// is cold: what is not in its memory may be in theirs.

import { TIMES } from '../limits/limits.ts'

interface Expected {
  /** Until when it is waited for, unless a transfer from it is under way; monotonic ms. */
  readonly until: number
  readonly isHeard: boolean
}

export class Expectations {
  readonly #linked: ReadonlySet<string>
  readonly #expected = new Map<string, Expected>()

  constructor(linked: ReadonlySet<string>) {
    this.#linked = linked
  }

  get size(): number {
    return this.#expected.size
  }

  has(peer: string): boolean {
    return this.#expected.has(peer)
  }

  expect(peer: string, now: number): void {
    this.#expected.set(peer, { until: now + TIMES.expectMs, isHeard: true })
  }

  /** It may have written what is not here while this node was cut off, and may be so itself: its time begins when it is heard. */
  doubt(peer: string, now: number): void {
    this.#expected.set(peer, { until: now + TIMES.doubtMs, isHeard: false })
  }

  heard(peer: string, now: number): void {
    if (this.#expected.get(peer)?.isHeard === false) this.expect(peer, now)
  }

  met(peer: string): void {
    this.#expected.delete(peer)
  }

  /** It is no member any more. Who was never heard will not be waited for. */
  went(peer: string): void {
    if (this.#expected.get(peer)?.isHeard === false) this.#expected.delete(peer)
  }

  /** Gives up those who say nothing: they cannot be reached, or are of a version that offers nothing. */
  tick(now: number, isComing: (peer: string) => boolean): void {
    for (const [peer, { until }] of this.#expected) {
      if (this.#linked.has(peer) && isComing(peer)) this.expect(peer, now)
      else if (now >= until) this.#expected.delete(peer)
    }
  }

  get wakeAt(): number {
    let at = Number.POSITIVE_INFINITY
    for (const { until } of this.#expected.values()) at = Math.min(at, until)
    return at
  }
}
