/**
 * How often a node may speak without being asked: at once as long as little happens, and in a storm so often at most.
 * (A token bucket: `burst` times in a row, and once more for every `intervalMs` that passes.)
 */
export class Pace {
  readonly #burst: number
  #intervalMs: number
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

  /** Returns false when it has to wait; else this time is counted. The interval may be another one each time. */
  take(now: number, intervalMs: number = this.#intervalMs): boolean {
    if (now < this.nextAt) return false
    this.#intervalMs = intervalMs
    this.#fullAt = Math.max(now, this.#fullAt) + intervalMs
    return true
  }
}
