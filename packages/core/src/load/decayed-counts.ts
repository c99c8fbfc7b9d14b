/** Counts fall to a half in this time, ms. */
export const HALF_LIFE_MS = 1_000

/**
 * Counters that forget: all of them are halved once in every half-life. One that goes up r times a second is r right
 * after a halving (r/2 + r/4 + …) and 2r right before the next, so that the time since tells the rate. No clock of
 * its own: `roll` is told the time.
 */
export class DecayedCounts {
  readonly counts: Float32Array
  #rolledAt: number

  constructor(size: number, now: number) {
    this.counts = new Float32Array(size)
    this.#rolledAt = now
  }

  /** Halves as often as is due; returns by what all were multiplied. */
  roll(now: number): number {
    if (now - this.#rolledAt < HALF_LIFE_MS) return 1
    const halvings = Math.floor((now - this.#rolledAt) / HALF_LIFE_MS)
    this.#rolledAt += halvings * HALF_LIFE_MS
    const factor = 0.5 ** halvings
    const { counts } = this
    for (let i = 0; i < counts.length; i++) counts[i] = (counts[i] as number) * factor
    return factor
  }

  /** The rate per second that a count stands for, once it is steady. */
  rate(count: number, now: number): number {
    return (
      (count / (1 + Math.min(1, Math.max(0, (now - this.#rolledAt) / HALF_LIFE_MS)))) * (1_000 / HALF_LIFE_MS)
    )
  }
}
