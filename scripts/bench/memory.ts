// What does an entry of 100 bytes take, and how long does a process stand still that holds many of them? A node alone,
// and an lru-cache of Buffers, each in a process of its own: filled with all that fit, and with twice as many.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { BenchOptions } from './options.ts'
import { machine, machineLine, progress, type Report, table } from './report.ts'
import { quantile } from './rounds.ts'

export interface Filling {
  readonly kind: 'mesh' | 'lru-cache'
  readonly entries: number
  /** There is room for half of them only. */
  readonly full: boolean
  /** Gets, and sets now and then, per second afterwards, and for how long. */
  readonly rate: number
  readonly seconds: number
}

export interface Filled {
  readonly rssPerEntry: number
  readonly buffersPerEntry: number
  readonly gcLongestMs: number
  readonly gcTotalMs: number
  /** A hundred inserts in a row. */
  readonly longestTurnMs: number
  /** The most of its thread's CPU time that so many took, collector included: other programs do not lengthen it. */
  readonly longestTurnCpuMs: number
  readonly p50Ms: number
  readonly p999Ms: number
  readonly gcLongestUnderGetsMs: number
  /** Share of the entries that are not there any more. */
  readonly missing: number
}

const ROUNDS = 3

export async function memory({ quick, rounds: wanted = ROUNDS }: BenchOptions): Promise<Report> {
  const entries = quick ? 50_000 : 1_000_000
  const rounds = quick ? 1 : wanted
  const cells: (Filling & { rounds: Filled[] })[] = []
  for (const kind of ['mesh', 'lru-cache'] as const) {
    for (const full of [false, true]) {
      const filling: Filling = { kind, entries, full, rate: 20_000, seconds: quick ? 1 : 5 }
      const measured: Filled[] = []
      for (let round = 0; round < rounds; round++) {
        progress(`${kind}${full ? ', full' : ''}, round ${round + 1}`)
        measured.push(await filled(filling))
      }
      cells.push({ ...filling, rounds: measured })
    }
  }
  progress('')
  const rows = cells.map(({ kind, full, rounds: all }) => {
    const cell = (field: keyof Filled, digits: number): string => {
      const values = all.map(each => each[field])
      const shown = [quantile(values, 0.5), Math.min(...values), Math.max(...values)].map(it =>
        it.toFixed(digits),
      )
      return `${shown[0]} (${shown[1]}-${shown[2]})`
    }
    return [
      `${kind}${full ? ', room for half' : ''}`,
      full ? '-' : cell('rssPerEntry', 0),
      full ? '-' : cell('buffersPerEntry', 0),
      cell('gcLongestMs', 1),
      cell('longestTurnMs', 1),
      cell('longestTurnCpuMs', 1),
      cell('gcLongestUnderGetsMs', 1),
      cell('p50Ms', 3),
      cell('p999Ms', 2),
      cell('missing', 2),
    ]
  })
  const head = ['cache', 'RSS', 'buffers', 'GC', '100 sets', 'CPU', 'GC, gets', 'p50', 'p99.9', 'missing']
  return {
    text: `${entries} entries: keys of 16 bytes, values of 100
${machineLine()}
Medians of ${rounds} processes each, with the least and the greatest. RSS and buffers: bytes that an entry adds. GC:
longest pause of the collector while entries come in; 100 sets: the longest that so many in a row took, and the
most of the thread's CPU time. Then 20,000 requests per second, nine gets to one set, whatever the answers take:
longest pause, and latency of the gets from the moment at which each was to be asked. All in ms. Missing: share of the entries that have made room.
${quick ? 'A quick run: it shows that the benchmark works, not what anything takes.\n' : ''}
${table(head, rows)}`,
    data: { question: 'memory', machine: machine(), quick, cells },
  }
}

async function filled(filling: Filling): Promise<Filled> {
  const child = fork(new URL('./memory-process.ts', import.meta.url))
  child.send(filling)
  const [result] = (await once(child, 'message')) as [Filled]
  await once(child, 'exit')
  return result
}
