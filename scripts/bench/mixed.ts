// How long do small gets take while large values flow over the same link? Two nodes in two processes. A small get is
// asked for after another, alone in one half of each round, and beside large gets, one after another, in the other half.

import type { MixedAsk, MixedOptions, MixedSample } from './mixed-asker.ts'
import type { BenchOptions, Encryption } from './options.ts'
import type { PeerAddress } from './peer.ts'
import { startProcess } from './process.ts'
import { machine, machineLine, progress, type Report, table } from './report.ts'
import { quantile } from './rounds.ts'

const ROUNDS = 9
const SLICE_MS = 800
const LARGE_BYTES = [1, 16].map(mebibytes => mebibytes * 2 ** 20)
const MEMORY = '512mb'

export async function mixed({ encryptions, quick }: BenchOptions): Promise<Report> {
  const [encryption] = encryptions as [Encryption]
  const [rounds, durationMs] = quick ? [2, 100] : [ROUNDS, SLICE_MS]
  await using opening = new AsyncDisposableStack()
  const peer = await startProcess('peer.ts', { kind: 'mesh', encryption, memory: MEMORY })
  opening.defer(peer.process.close)
  const { address, id: owner } = peer.first as PeerAddress
  const options: MixedOptions = { encryption, address, owner, memory: MEMORY, largeBytes: LARGE_BYTES }
  const { process } = await startProcess<MixedAsk, MixedSample>('mixed-asker.ts', options)
  opening.defer(process.close)
  const rows: Row[] = []
  for (const largeBytes of LARGE_BYTES) {
    progress(`small gets beside values of ${largeBytes} bytes`)
    const pairs: Pair[] = []
    for (let round = 0; round <= rounds; round++) {
      const alone = await process.ask({ durationMs })
      const beside = await process.ask({ durationMs, largeBytes })
      // The first round warms up.
      if (round > 0) pairs.push({ alone, beside })
    }
    rows.push(rowOf(largeBytes, pairs))
  }
  progress('')
  const text = table(
    ['100 B, depth 1', 'p50 alone', 'beside', 'p99 alone', 'beside', 'p99 ratio', 'MiB/s'],
    rows.map(({ largeBytes, alone, beside, p99, mebibytesPerSecond }) => [
      `beside values of ${largeBytes / 2 ** 20} MiB`,
      ...[alone.p50, beside.p50, alone.p99, beside.p99].map(ms => (ms * 1000).toFixed(0)),
      `${p99.median.toFixed(1)} (${p99.least.toFixed(1)}-${p99.greatest.toFixed(1)})`,
      mebibytesPerSecond.toFixed(0),
    ]),
  )
  return {
    text: `Small gets while large values flow over the same link, us: 2 nodes in 2 processes, encryption ${encryption}
${machineLine()}
Medians of ${rounds} rounds of ${durationMs} ms each way; the ratio with the least and the greatest.
${quick ? 'A quick run: it shows that the benchmark works, not how fast anything is.\n' : ''}
${text}`,
    data: { question: 'mixed', machine: machine(), encryption, quick, rounds, rows },
  }
}

interface Pair {
  readonly alone: MixedSample
  readonly beside: MixedSample
}

type Row = ReturnType<typeof rowOf>

function rowOf(largeBytes: number, pairs: readonly Pair[]) {
  const median = (read: (pair: Pair) => number): number => quantile(pairs.map(read), 0.5)
  const ratios = pairs.map(
    ({ alone, beside }) => quantile(beside.latencies, 0.99) / quantile(alone.latencies, 0.99),
  )
  const of = (which: keyof Pair) => ({
    p50: median(pair => quantile(pair[which].latencies, 0.5)),
    p99: median(pair => quantile(pair[which].latencies, 0.99)),
  })
  return {
    largeBytes,
    alone: of('alone'),
    beside: of('beside'),
    p99: { median: quantile(ratios, 0.5), least: Math.min(...ratios), greatest: Math.max(...ratios) },
    mebibytesPerSecond: median(({ beside }) => beside.largeBytesPerSecond / 2 ** 20),
  }
}
