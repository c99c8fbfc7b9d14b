import type { Dice } from '../chance/dice.ts'

/** Herds: of many programs on all hosts that ask for one missing key at once, and load it. */
export interface HerdPlan {
  /** While there are faults. One more comes in the calm. */
  readonly herds: number
  /** Callers of each, on all hosts together. */
  readonly callers: number
  /** They all come within this time, ms. */
  readonly withinMs: number
  /** A load takes up to so long, ms. */
  readonly loadMsMax: number
  /** Each process loads keys that it answers for, whoever asks. */
  readonly ownLoaders: boolean
  /** The share of herds during which others write and delete the key. */
  readonly written: number
}

/** One run in two with programs has herds; most of them small, for their frames. */
export function drawHerds(dice: Dice): HerdPlan | undefined {
  if (dice.chance(0.5)) return undefined
  return {
    herds: 1 + dice.below(6),
    callers: Math.floor(dice.magnitude(4, 300)),
    withinMs: dice.pick([0, 20, 500]),
    loadMsMax: dice.magnitude(1, 1_500),
    ownLoaders: dice.chance(0.5),
    written: dice.pick([0, 0.3]),
  }
}
