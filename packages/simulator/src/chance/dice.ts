import { Random } from '@cachemesh/core'

const PURPOSES = {
  fork: 0,
  scenario: 1,
  world: 2,
  troubles: 3,
  workload: 4,
  programs: 5,
  timers: 6,
  herds: 7,
  loads: 8,
  atomics: 9,
  copies: 12,
  erasing: 10,
} as const

/**
 * Chance of a simulation, from its seed. Each part of the world rolls dice of its own, so that one more roll
 * in the network does not change which nodes crash.
 */
export class Dice {
  readonly #random: Random

  /** `purpose` keeps apart what rolls with one seed. */
  constructor(seed: number, purpose: keyof typeof PURPOSES) {
    this.#random = new Random((seed + PURPOSES[purpose] * 2 ** 40) % 2 ** 53)
  }

  /** Other dice, as good as independent of these. */
  fork(): Dice {
    return new Dice(this.seed(), 'fork')
  }

  /** A seed for something else: an integer of 53 bits. */
  seed(): number {
    return this.#random.below(2 ** 21) * 2 ** 32 + this.#random.below(2 ** 32)
  }

  chance(probability: number): boolean {
    return this.#random.fraction() < probability
  }

  /** An integer in [0, bound). */
  below(bound: number): number {
    return this.#random.below(bound)
  }

  /** A number in [min, max). */
  between(min: number, max: number): number {
    return min + (max - min) * this.#random.fraction()
  }

  /** A number in [min, max) of which every order of magnitude is as likely; both greater than 0. */
  magnitude(min: number, max: number): number {
    return min * (max / min) ** this.#random.fraction()
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T
  }

  /** `count` of them, or all, in an order of chance. */
  sample<T>(from: readonly T[], count: number): T[] {
    const rest = [...from]
    const taken: T[] = []
    while (taken.length < count && rest.length > 0) {
      const place = this.below(rest.length)
      taken.push(rest[place] as T)
      rest[place] = rest[rest.length - 1] as T
      rest.pop()
    }
    return taken
  }
}
