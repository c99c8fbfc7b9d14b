import type { Dice } from '../chance/dice.ts'

/** Calls that hang on what is there, or concern many keys. Shares are of all calls. */
export interface AtomicsPlan {
  /** Keys that are counted, and nothing else happens to them. */
  readonly counters: number
  readonly increments: number
  /** Writes in the place of the version that this host has read last. */
  readonly compares: number
  /** Reads of several keys at once. */
  readonly batches: number
  /** Writes of keys in a namespace of their own, with tags. */
  readonly tagged: number
  /** Between two erasures of that namespace, or of one of its tags, ms, on average. */
  readonly eraseEveryMs: number
}

/** Every second run with programs has some. */
export function drawAtomics(dice: Dice): AtomicsPlan | undefined {
  if (dice.chance(0.5)) return undefined
  return {
    counters: 1 + dice.below(5),
    increments: dice.between(0, 0.3),
    compares: dice.between(0, 0.2),
    batches: dice.between(0, 0.1),
    tagged: dice.between(0, 0.2),
    eraseEveryMs: dice.magnitude(3_000, 60_000),
  }
}
