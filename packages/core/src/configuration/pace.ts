/**
 * How often a node may speak without being asked: at once as long as little happens, and in a storm so often at most.
 * (A token bucket: `burst` times in a row, and once more for every `intervalMs` that passes.)
 */
export class Pace {
  readonly #burst: number
  readonly #intervalMs: number
  /** When the bucket is full again. */
  #fullAt = Number.NEGATIVE_INFINITY

  constructor({ burst, intervalMs }: { burst: number; intervalMs: number }) {
    this.#burst = burst
    this.#intervalMs = intervalMs
  }

  /** When it may speak next. */
  get nextAt(): number {
    return this.#fullAt - (this.#burst - 1) * this.#intervalMs
  }

  /** Returns false when it has to wait; else this time is counted. */
  take(now: number): boolean {
    if (now < this.nextAt) return false
    this.#fullAt = Math.max(now, this.#fullAt) + this.#intervalMs
    return true
  }
}
