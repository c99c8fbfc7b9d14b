/** Rounds whose time is remembered; a beat of an earlier one that comes back says nothing any more. */
const ROUNDS = 16

/**
 * Whether those who watch this node hear it. What they heard of it counts from when it was sent, by a clock that goes on
 * while this process stands still: a word that waited in a buffer through a pause proves that somebody listened before
 * the pause, and they may have given this node up since.
 */
export class Watched {
  readonly #rounds: { readonly seq: number; readonly sentAt: number }[] = []
  /** By peer: when the last of this node's beats was sent that came back. */
  readonly #heardAt = new Map<string, number>()

  /** A round of beats leaves. Monotonic ms. */
  sent(seq: number, now: number): void {
    this.#rounds.push({ seq, sentAt: now })
    if (this.#rounds.length > ROUNDS) this.#rounds.shift()
  }

  /** A peer has repeated this number, or a later one that was sent between two rounds. */
  repeated(peer: string, seq: number): void {
    const round = this.#rounds.findLast(one => one.seq <= seq)
    if (round !== undefined) this.#heardAt.set(peer, round.sentAt)
  }

  /** This peer has heard what was sent since then. */
  heardSince(peer: string, since: number): boolean {
    return (this.#heardAt.get(peer) ?? Number.NEGATIVE_INFINITY) >= since
  }

  /** Its link is closed: it may be about to accuse this node. */
  closed(peer: string): void {
    this.#heardAt.delete(peer)
  }

  /** True when more than half of these heard what was sent since then. */
  byMost(observers: readonly string[], since: number): boolean {
    const hearing = observers.filter(id => this.heardSince(id, since))
    return hearing.length * 2 > observers.length
  }
}
