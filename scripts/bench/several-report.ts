import type { BenchOptions } from './options.ts'
import { machine, machineLine, type Report, ratioCell, table } from './report.ts'
import { ratio, type Samples, summary } from './rounds.ts'

/** Two parties that were asked in turn. */
export interface Compared {
  readonly name: string
  readonly of: string
  readonly over: string
  readonly samples: Samples
}

interface Results extends BenchOptions {
  readonly rounds: number
  readonly compared: readonly Compared[]
}

export function describeSeveral({ encryptions, quick, rounds, compared }: Results): Report {
  const cells = compared.map(({ name, of, over, samples }) => ({
    name,
    of,
    over,
    ratio: ratio(samples, of, over),
    results: Object.fromEntries([...samples].map(([party, all]) => [party, summary(all)])),
  }))
  const misses = cells
    .flatMap(({ results }) => Object.values(results))
    .reduce((sum, one) => sum + one.misses, 0)
  const text = table(
    ['three nodes, 100 B', 'keys/s', 'us CPU', 'beside', 'keys/s', 'ratio'],
    cells.map(({ name, of, over, ratio: value, results }) => [
      name,
      results[of]!.operationsPerSecond.toFixed(0),
      results[of]!.cpuMicros.toFixed(1),
      over,
      results[over]?.operationsPerSecond.toFixed(0) ?? '-',
      ratioCell(value),
    ]),
  )
  return {
    text: `A mesh of 3 nodes, each in a process, asked by a fourth member that owns nothing, or by one of them; encryption ${encryptions[0]}
${machineLine()}
Ratios are medians of ${rounds} interleaved rounds, with the least and the greatest; 1 is as fast.
${misses === 0 ? '' : `${misses} gets found nothing, or not what was stored.\n`}${quick ? 'A quick run: it shows that the benchmark works, not how fast anything is.\n' : ''}
${text}`,
    data: { question: 'several', machine: machine(), encryptions, quick, rounds, cells },
  }
}
