// Members that said lately that they have too much to do. Reads for which another member keeps the entry go there for a
// while.

/** So long reads go to others, ms. */
const REST_MS = 250

export class Overloads {
  /** Until when each of them rests, monotonic ms. */
  readonly #resting = new Map<string, number>()

  get any(): boolean {
    return this.#resting.size > 0
  }

  /** A member refused a request. */
  said(peer: string, now: number): void {
    this.#resting.set(peer, now + REST_MS)
  }

  rests(peer: string, now: number): boolean {
    const until = this.#resting.get(peer)
    if (until === undefined) return false
    if (now < until) return true
    this.#resting.delete(peer)
    return false
  }

  forget(peer: string): void {
    this.#resting.delete(peer)
  }
}
