import { Dice } from '../chance/dice.ts'
import { type AtomicsPlan, drawAtomics } from './atomics-plan.ts'
import { drawHerds, type HerdPlan } from './herd-plan.ts'

/** What the programs on all hosts do with the cache. */
export interface WorkloadPlan {
  readonly keys: number
  /** Between two calls of one host, ms, on average. */
  readonly everyMs: number
  /** Of every call but those at the end of the run, ms. */
  readonly timeoutMs: number
  /** Shares of the calls; the rest are reads. */
  readonly writes: number
  readonly deletes: number
  readonly valueBytesMax: number
  /** Keys are asked for as by Zipf's law, with exponent 1; else the first of them are asked for somewhat more. */
  readonly zipf?: boolean
  /** Without it there are none. */
  readonly herds?: HerdPlan
  /** Likewise. */
  readonly atomics?: AtomicsPlan
  /** Every read is granted a copy for so long, ms. Without it only what is asked for very often, as by default. */
  readonly leaseMs?: number
}

/** Reads at the end of a run: every key at every node. */
const FINAL_READS_MAX = 2_000
/** Above that a ring costs more, for each node and each change, than all requests show. */
const NODES_MAX = 30

/** Two runs of three have none: they are faster, and members alone make troubles of their own. */
export function drawWorkload(seed: number, nodes: number): WorkloadPlan | undefined {
  const dice = new Dice(seed, 'workload')
  if (nodes > NODES_MAX || dice.chance(2 / 3)) return undefined
  const atomics = drawAtomics(new Dice(seed, 'atomics').fork())
  const copies = new Dice(seed, 'copies').fork()
  const leaseMs = copies.chance(0.5) ? undefined : copies.pick([200, 2_000, 20_000])
  const herds = drawHerds(new Dice(seed, 'herds').fork())
  return {
    keys: Math.floor(dice.magnitude(5, Math.min(400, FINAL_READS_MAX / nodes))),
    everyMs: dice.magnitude(500, 10_000),
    timeoutMs: dice.pick([100, 1_000, 2_000, 5_000]),
    writes: dice.between(0.05, 0.5),
    deletes: dice.chance(0.3) ? 0 : dice.between(0, 0.2),
    // Some are too large to travel among the small frames.
    valueBytesMax: dice.pick([100, 1_000, 100_000]),
    ...(herds && { herds }),
    ...(atomics && { atomics }),
    ...(leaseMs !== undefined && { leaseMs }),
  }
}
