// Whom a node tells of a change itself, besides announcing it.

import type { Random } from '../chance/random.ts'
import { BOUNDS, TIMES } from '../limits/limits.ts'

export class Listeners {
  readonly #linked: ReadonlySet<string>
  readonly #random: Random
  /** When each link came up. */
  readonly #linkedAt = new Map<string, number>()

  constructor(linked: ReadonlySet<string>, random: Random) {
    this.#linked = linked
    this.#random = random
  }

  linkUp(peer: string, now: number): void {
    this.#linkedAt.set(peer, now)
  }

  linkDown(peer: string): void {
    this.#linkedAt.delete(peer)
  }

  /** A few, and those whom gossip does not reach yet. */
  all(now: number, except?: string): readonly string[] {
    return [...new Set([...this.some(BOUNDS.toldMax, except), ...this.young(now, except)])]
  }

  /** So many linked peers, by chance. */
  some(count: number, except?: string): string[] {
    const peers = [...this.#linked].filter(peer => peer !== except)
    while (peers.length > count) peers.splice(this.#random.below(peers.length), 1)
    return peers
  }

  /** Peers whose links are so young that gossip does not use them yet: of many that start at once each has no other. */
  young(now: number, except?: string): readonly string[] {
    const young: string[] = []
    for (const [peer, linkedAt] of this.#linkedAt)
      if (peer !== except && now < linkedAt + TIMES.youngMs) young.push(peer)
    return young.slice(-BOUNDS.youngMax)
  }
}
