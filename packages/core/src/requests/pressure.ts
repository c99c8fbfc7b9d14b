// Whether this node has more to do than it gets done. It is known by one thing, as its health is (decision 0020): that
// steps come late which it asked for. One that is late is a pause, and over; one after the other, the loop is always
// behind, and requests of peers that wait in the sockets would be answered when nobody waits for them any more.

/** After a late step the next is asked for so soon, ms. */
const LOOK_MS = 50
/** Late steps in a row that are no pause any more. */
const LATE_MAX = 4

export class Pressure {
  readonly #lateMs: number
  #late = 0
  #lookAt = Number.POSITIVE_INFINITY
  #refused = 0
  #steppedAt = 0

  /** `lateMs`: a step that comes so much later than it was asked for is late. */
  constructor(lateMs: number) {
    this.#lateMs = lateMs
  }

  /** When the node is to be stepped to see whether it is still late, monotonic ms. */
  get wakeAt(): number {
    return this.#lookAt
  }

  /** Requests of peers are refused before anything is done for them. */
  get refuses(): boolean {
    return this.#late >= LATE_MAX
  }

  /** Requests of peers that were refused, in this life. */
  get refused(): number {
    return this.#refused
  }

  /** A request of a peer was refused. */
  refuse(): void {
    this.#refused++
  }

  /** Before each step: the node had asked for one at `wantedAt`. */
  stepped(now: number, wantedAt: number): void {
    // What it wanted in the past says nothing: several inputs may come in one turn of the loop, and the tick last.
    const waited = wantedAt > this.#steppedAt
    this.#steppedAt = now
    if (waited && now >= wantedAt)
      this.#late = now - wantedAt > this.#lateMs ? Math.min(LATE_MAX, this.#late + 1) : 0
    else if (now < this.#lookAt) return
    this.#lookAt = this.#late === 0 ? Number.POSITIVE_INFINITY : now + LOOK_MS
  }
}
