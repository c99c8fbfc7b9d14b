/** Counts fall to a half in this time, ms. */
export const HALF_LIFE_MS = 1_000

const SCALE_MAX = 2 ** 64
const NOTHING = new Float32Array(0)

/**
 * Counters that forget: all of them are halved once in every half-life. One that goes up r times a second is r right
 * after a halving (r/2 + r/4 + …) and 2r right before the next, so that the time since tells the rate. No clock of
 * its own: `roll` is told the time.
 */
export class DecayedCounts {
  readonly #size: number
  /** Times the scale. Memory for them is there from the first on that is counted. */
  #scaled: Float32Array = NOTHING
  /** How much more what is counted now is worth than what was counted first: so nothing has to be halved one by one. */
  #scale = 1
  #rolledAt: number

  constructor(size: number, now: number) {
    this.#size = size
    this.#rolledAt = now
  }

  of(place: number): number {
    return (this.#scaled[place] ?? 0) / this.#scale
  }

  add(place: number, weight: number): void {
    if (this.#scaled === NOTHING) this.#scaled = new Float32Array(this.#size)
    this.#scaled[place] = (this.#scaled[place] as number) + weight * this.#scale
  }

  /** To `count`, unless it is above that. */
  raise(place: number, count: number): void {
    const current = this.of(place)
    if (current < count) this.add(place, count - current)
  }

  /** Those that are not below `least`. */
  forEach(least: number, visit: (place: number, count: number) => void): void {
    for (const [place, scaled] of this.#scaled.entries()) {
      const count = scaled / this.#scale
      if (count >= least) visit(place, count)
    }
  }

  /** Halves as often as is due; returns by what all were multiplied. */
  roll(now: number): number {
    if (now - this.#rolledAt < HALF_LIFE_MS) return 1
    const halvings = Math.floor((now - this.#rolledAt) / HALF_LIFE_MS)
    this.#rolledAt += halvings * HALF_LIFE_MS
    const factor = 0.5 ** halvings
    this.#scale /= factor
    if (this.#scale > SCALE_MAX) this.#rescale()
    return factor
  }

  /** The range of a Float32 is what ends it. */
  #rescale(): void {
    const scaled = this.#scaled
    for (let i = 0; i < scaled.length; i++) scaled[i] = (scaled[i] as number) / this.#scale
    this.#scale = 1
  }

  /** The rate per second that a count stands for, once it is steady. */
  rate(count: number, now: number): number {
    return (
      (count / (1 + Math.min(1, Math.max(0, (now - this.#rolledAt) / HALF_LIFE_MS)))) * (1_000 / HALF_LIFE_MS)
    )
  }
}
