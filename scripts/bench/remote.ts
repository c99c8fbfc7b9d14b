// How fast is a get of a key that another node owns? Two nodes in two processes, one asks the other. Beside them
// run an echo in plaintext, the same echo over the same secure channel, and Redis with auto-pipelining. Each
// is asked for the same keys in the same order, by the same loop, in turns, from a process of its own.

import type { BenchOptions } from './options.ts'
import { describeRemote, type Measured } from './remote-report.ts'
import { progress, type Report } from './report.ts'
import { type Contender, interleaved } from './rounds.ts'
import { type Stage, setStage } from './stage.ts'

interface Plan {
  readonly sizes: readonly { readonly valueBytes: number; readonly keyCount: number }[]
  readonly rounds: number
  /** How long each contender is measured in a round. */
  readonly sliceMs: number
  /** How long each runs before: the compiler takes two or three seconds to know what large values need. */
  readonly warmUpMs: number
}

interface Load {
  readonly depth: number
  readonly sliceMs: number
  readonly warmUpMs: number
}

const FULL: Plan = {
  sizes: [
    { valueBytes: 100, keyCount: 100_000 },
    { valueBytes: 1024, keyCount: 100_000 },
    { valueBytes: 64 * 1024, keyCount: 2_000 },
  ],
  rounds: 9,
  sliceMs: 400,
  warmUpMs: 3_000,
}
const QUICK: Plan = {
  sizes: FULL.sizes.map(({ valueBytes, keyCount }) => ({ valueBytes, keyCount: keyCount / 20 })),
  rounds: 2,
  sliceMs: 50,
  warmUpMs: 50,
}
const DEPTHS = [1, 64, 256]
const SEED = 20_261_121
/** Rounds begin at different keys; a prime, so that they wander over all. */
const STRIDE = 7_919

export async function remote(options: BenchOptions): Promise<Report> {
  const { encryptions, quick } = options
  const { sizes, rounds, ...times } = quick ? QUICK : FULL
  const measured: Measured[] = []
  let redisVersion: string | undefined
  for (const size of sizes) {
    if (size.valueBytes !== (options.valueBytes ?? size.valueBytes)) continue
    progress(`${size.valueBytes} B: storing ${size.keyCount} values`)
    await using stage = await setStage({ encryptions, ...size, seed: SEED })
    redisVersion = stage.redisVersion
    for (const depth of DEPTHS) {
      progress(`${size.valueBytes} B, depth ${depth}`)
      const samples = await interleaved(contendersOf(stage, size.keyCount, { depth, ...times }), rounds)
      measured.push({ ...size, depth, samples })
    }
  }
  progress('')
  return describeRemote({ ...options, rounds, redisVersion, measured })
}

function contendersOf({ parties }: Stage, keyCount: number, { depth, ...times }: Load): Contender[] {
  return parties.map(({ name, measure }) => ({
    name,
    measure: round => {
      // The round before the first is dropped.
      const durationMs = round === 0 ? times.warmUpMs : times.sliceMs
      return measure({ depth, durationMs, from: (round * STRIDE) % keyCount })
    },
  }))
}
