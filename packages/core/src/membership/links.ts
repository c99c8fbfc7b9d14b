import { BOUNDS } from '../limits/limits.ts'

/** Between two looks for links that nobody uses, ms. */
const LOOK_MS = 10_000

/** The links that there are, and which of them are worth keeping: a mesh of a thousand has no room for half a million. */
export class Links {
  readonly linked: Set<string> = new Set()
  /** Monotonic ms of the last look that found the link in use, or of its beginning. */
  readonly #usedAt = new Map<string, number>()
  /** Used since the last look: noted with every request, so it is a name in a set and no time. */
  readonly #used = new Set<string>()
  #lookAt: number

  constructor(now: number) {
    this.#lookAt = now + LOOK_MS
  }

  get wakeAt(): number {
    return this.linked.size === 0 ? Number.POSITIVE_INFINITY : this.#lookAt
  }

  up(peer: string, now: number): void {
    this.linked.add(peer)
    this.#usedAt.set(peer, now)
  }

  down(peer: string): void {
    this.linked.delete(peer)
    this.#usedAt.delete(peer)
  }

  /** A request came over the link to this peer, or leaves over it: also one that waits for its answer keeps it. */
  used(peer: string): void {
    this.#used.add(peer)
  }

  /** Links to close: unused for long, or too many; never those to peers in `kept`. */
  surplus(kept: ReadonlySet<string>, now: number): string[] {
    if (now < this.#lookAt) return []
    this.#lookAt = now + LOOK_MS
    for (const peer of this.#used) if (this.linked.has(peer)) this.#usedAt.set(peer, now)
    this.#used.clear()
    const others = [...this.#usedAt].filter(([peer]) => !kept.has(peer)).sort((a, b) => a[1] - b[1])
    const tooMany = this.linked.size - BOUNDS.linksMax
    return others
      .filter(([, usedAt], place) => place < tooMany || now - usedAt >= BOUNDS.linkIdleMs)
      .map(([peer]) => peer)
  }
}
