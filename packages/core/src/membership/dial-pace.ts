/**
 * A dial that has not ended by then waits for somebody who does not move, ms: the next one need not. Longer than it takes to
 * find out that nobody is there, and shorter than a node waits before it serves alone.
 */
const TURN_MS = 4_000
/** The next dial waits so many times as long as the last one took. */
const PAUSE_FACTOR = 9
const PAUSE_MAX_MS = 15_000

/**
 * When the next of those links may be made that nothing waits for yet. A handshake costs both sides tens of ms of
 * computing in a process that has just started. Where many nodes start on few processors, each of them would spend its
 * first seconds on links to all its neighbours, while the news that somebody joined wait in line behind. So a node is
 * busy with them for a tenth of the time at most, whatever a dial takes there.
 */
export class DialPace {
  #name = ''
  #startedAt = 0
  #nextAt = Number.NEGATIVE_INFINITY

  /** The next one may begin then. A node that doubts itself gives the one that is under way more time. */
  nextAt(patience: number): number {
    return this.#name === '' ? this.#nextAt : this.#startedAt + TURN_MS * patience
  }

  began(name: string, now: number): void {
    this.#name = name
    this.#startedAt = now
  }

  /** The link is up. */
  succeeded(name: string, now: number): void {
    if (name !== this.#name) return
    this.#name = ''
    this.#nextAt = now + Math.min(PAUSE_FACTOR * (now - this.#startedAt), PAUSE_MAX_MS)
  }

  /** Nobody was there, which costs nobody anything. */
  failed(name: string, now: number): void {
    if (name !== this.#name) return
    this.#name = ''
    this.#nextAt = now
  }
}
