import type { BenchOptions } from './options.ts'
import { machine, machineLine, type Report, ratioCell, table } from './report.ts'
import { cpuRatio, ratio, type Samples, type Summary, summary } from './rounds.ts'

/** What was measured in a ring of one size with one number of keys. */
export interface Measured {
  readonly members: number
  /** On the ring, of all members. */
  readonly positions: number
  readonly keyCount: number
  readonly samples: Samples
}

interface Results extends BenchOptions {
  readonly rounds: number
  readonly gets: number
  readonly measured: readonly Measured[]
}

/** Beside what each is seen. */
const BASELINES: Readonly<Record<string, readonly [string, string | undefined]>> = {
  'mesh, bytes': ['lru-cache', 'bentocache'],
  'mesh, structured': ['lru-cache', 'bentocache'],
  'mesh, bytes, peek': ['lru-cache, peek', undefined],
  'mesh, structured, peek': ['lru-cache, peek', undefined],
}
const MESH = Object.keys(BASELINES)

export function describeLocal({ quick, rounds, gets, measured }: Results): Report {
  const cells = measured.map(({ samples, ...cell }) => ({
    ...cell,
    results: Object.fromEntries([...samples].map(([name, all]) => [name, summary(all)])),
    ratios: Object.fromEntries(
      MESH.map(name => [
        name,
        {
          overLru: ratio(samples, name, BASELINES[name]?.[0] ?? ''),
          cpuOverLru: cpuRatio(samples, name, BASELINES[name]?.[0] ?? ''),
          overBento: ratio(samples, name, BASELINES[name]?.[1] ?? ''),
        },
      ]),
    ),
  }))
  const rows = cells.flatMap(({ members, positions, keyCount, results, ratios }) =>
    MESH.map(name => {
      const { operationsPerSecond, cpuMicros } = results[name] as Summary
      return [
        `${name}, ring of ${members}`,
        `${positions}`,
        `${keyCount}`,
        Math.round(operationsPerSecond).toString(),
        cpuMicros.toFixed(2),
        ratioCell(ratios[name]?.overLru),
        ratioCell(ratios[name]?.cpuOverLru),
        ratioCell(ratios[name]?.overBento),
      ]
    }),
  )
  return {
    text: `Get of a key of the own node, awaited one after another, and peek, without waiting; ${gets} hits per sample
${machineLine()}
Ratios are medians of ${rounds} interleaved rounds, with the least and the greatest; 1 is as fast. CPU: the same by
processor time, which other programs on the machine disturb less.
The mesh hands out copies. lru-cache, called by an async function or for peek as it is, and the first level of
bentocache, told not to serialize, hand out references. Values are 100 bytes, and checked. The ring of 1 is an embedded node; in the
larger ones the same parts of a node run without a network.
${quick ? 'A quick run: it shows that the benchmark works, not how fast anything is.\n' : ''}
${table(['get of a local key', 'positions', 'keys', 'gets/s', 'us CPU', '/ lru-cache', 'CPU', '/ bentocache'], rows)}`,
    data: { question: 'local', machine: machine(), quick, rounds, gets, cells },
  }
}
