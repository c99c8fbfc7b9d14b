/**
 * The node's own dice: sfc32 (Chris Doty-Humphrey), seeded once from outside. All chance in the core comes
 * from here, so that a run is a function of its inputs.
 */
export class Random {
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: number) {
    this.#a = seed >>> 0
    this.#b = Math.floor(seed / 2 ** 32) >>> 0
    this.#c = 0x9e3779b9
    // Seeds differ in few bits; twelve rounds spread them over the whole state.
    for (let i = 0; i < 12; i++) this.#next()
  }

  /** A number in [0, 1). */
  fraction(): number {
    return this.#next() / 2 ** 32
  }

  /** An integer in [0, bound). */
  below(bound: number): number {
    return Math.floor(this.fraction() * bound)
  }

  /** A duration between 50 % and 100 % of `ms`, so that nodes that start together do not stay together. */
  jittered(ms: number): number {
    return ms * (0.5 + this.fraction() / 2)
  }

  /** The same items in any order (Fisher and Yates). */
  shuffled<T>(items: readonly T[]): T[] {
    const shuffled = [...items]
    for (let i = shuffled.length - 1; i > 0; i--) {
      const other = this.below(i + 1)
      const item = shuffled[i] as T
      shuffled[i] = shuffled[other] as T
      shuffled[other] = item
    }
    return shuffled
  }

  #next(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    return sum >>> 0
  }
}
