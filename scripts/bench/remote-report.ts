import type { BenchOptions } from './options.ts'
import { machine, machineLine, type Report, ratioCell, table } from './report.ts'
import { type Ratio, ratio, type Samples, type Summary, summary } from './rounds.ts'

/** What was measured with values of one size at one depth. */
export interface Measured {
  readonly valueBytes: number
  readonly keyCount: number
  readonly depth: number
  readonly samples: Samples
}

interface Results extends BenchOptions {
  readonly rounds: number
  readonly redisVersion: string | undefined
  readonly measured: readonly Measured[]
}

export function describeRemote({ encryptions, quick, rounds, redisVersion, measured }: Results): Report {
  const cells = measured.map(({ samples, ...cell }) => ({
    ...cell,
    results: Object.fromEntries([...samples].map(([name, all]) => [name, summary(all)])),
    ratios: Object.fromEntries(encryptions.map(encryption => [encryption, ratiosOf(samples, encryption)])),
  }))
  const rows = cells.flatMap(cell =>
    encryptions.map(encryption => ({ cell, encryption, ratios: cell.ratios[encryption]! })),
  )
  const throughput = table(
    ['get of a remote key', 'keys', 'gets/s', 'us CPU', '/ plain echo', '/ secure echo', '/ ioredis'],
    rows.map(({ cell, encryption, ratios }) => {
      const { operationsPerSecond, cpuMicros } = cell.results[`mesh over ${encryption}`] as Summary
      return [
        `${size(cell.valueBytes)}, depth ${cell.depth}, ${encryption}`,
        `${cell.keyCount}`,
        Math.round(operationsPerSecond).toString(),
        cpuMicros.toFixed(1),
        ratioCell(ratios.overPlainEcho),
        ratioCell(ratios.overSecureEcho),
        ratioCell(ratios.overRedis),
      ]
    }),
  )
  const misses = cells
    .flatMap(({ results }) => Object.values(results))
    .reduce((sum, result) => sum + result.misses, 0)
  const single = cells.filter(({ depth }) => depth === 1)
  const names = Object.keys(single[0]?.results ?? {})
  const latency = table(
    ['latency at depth 1, us', ...names.map(name => `${name} p50 / p99`)],
    single.map(({ valueBytes, results }) => [
      size(valueBytes),
      ...names.map(name => {
        const { p50Ms = Number.NaN, p99Ms = Number.NaN } = results[name] as Summary
        return `${(p50Ms * 1000).toFixed(0)} / ${(p99Ms * 1000).toFixed(0)}`
      }),
    ]),
  )
  return {
    text: `Get of a key that another node owns: 2 nodes in 2 processes, encryption ${encryptions.join(' and ')}
${machineLine()}
Ratios are medians of ${rounds} interleaved rounds, with the least and the greatest; 1 is as fast.
Values are bytes, and checked. The mesh and the echo hand out copies, ioredis views of what it received.
${redisVersion === undefined ? 'Without Redis: no redis-server is installed.' : `Redis is ${redisVersion}.`}
${misses === 0 ? '' : `${misses} gets found nothing: a node was silent for too long. Ask again on a machine with less to do.\n`}${quick ? 'A quick run: it shows that the benchmark works, not how fast anything is.\n' : ''}
${throughput}
${latency}`,
    data: { question: 'remote', machine: machine(), encryptions, quick, rounds, redis: redisVersion, cells },
  }
}

interface Ratios {
  readonly overPlainEcho: Ratio | undefined
  readonly overSecureEcho: Ratio | undefined
  readonly overRedis: Ratio | undefined
  readonly secureEchoOverPlain: Ratio | undefined
}

function ratiosOf(samples: Samples, encryption: string): Ratios {
  const mesh = `mesh over ${encryption}`
  const secure = `echo over ${encryption}`
  const plain = 'echo in plaintext'
  return {
    overPlainEcho: ratio(samples, mesh, plain),
    overSecureEcho: ratio(samples, mesh, secure),
    overRedis: ratio(samples, mesh, 'ioredis'),
    secureEchoOverPlain: ratio(samples, secure, plain),
  }
}

function size(bytes: number): string {
  return bytes < 1024 ? `${bytes} B` : `${bytes / 1024} KiB`
}
