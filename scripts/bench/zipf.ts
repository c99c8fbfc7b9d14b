// How evenly is a mesh busy whose programs ask for some keys much more than for others? Five nodes in five processes,
// each with a program that asks at a steady rate, Zipf 1.0: by hashing alone, with copies of hot keys, and with
// load-aware placement.

import type { BenchOptions, Encryption } from './options.ts'
import type { PeerAddress } from './peer.ts'
import { type BenchProcess, startProcess } from './process.ts'
import { machine, machineLine, progress, type Report, table } from './report.ts'
import type { ZipfAsk, ZipfCount, ZipfNodeOptions } from './zipf-node.ts'

interface Plan {
  readonly keyCount: number
  /** Of each program. */
  readonly perSecond: number
  readonly settleMs: number
  readonly evenMs: number
  readonly measureMs: number
}

const NODES = 5
const FULL: Plan = { keyCount: 10_000, perSecond: 1_200, settleMs: 4_000, evenMs: 60_000, measureMs: 20_000 }
const QUICK: Plan = { keyCount: 500, perSecond: 100, settleMs: 200, evenMs: 500, measureMs: 500 }

const PHASES = [
  { name: 'hashing alone', settings: { leaseMs: 0, loadBound: 0 }, evens: false },
  { name: 'with copies', settings: { leaseMs: 2_000, loadBound: 0 }, evens: false },
  { name: 'with copies and load-aware placement', settings: { leaseMs: 2_000, loadBound: 125 }, evens: true },
]

interface Member extends PeerAddress {
  readonly process: BenchProcess<ZipfAsk, unknown>
}

export async function zipf({ encryptions, quick }: BenchOptions): Promise<Report> {
  const plan = quick ? QUICK : FULL
  const [encryption] = encryptions as [Encryption]
  await using opening = new AsyncDisposableStack()
  const members = await startMembers(plan, encryption, opening)
  await Promise.all(members.map(({ process }, place) => process.ask({ kind: 'fill', place })))
  const rows = []
  for (const { name, settings, evens } of PHASES) {
    progress(name)
    await members[0]?.process.ask({ kind: 'set', settings })
    await pause(evens ? plan.evenMs : plan.settleMs)
    rows.push({ name, ...(await measured(members, plan.measureMs)) })
  }
  progress('')
  const text = table(
    [
      'requests answered per second',
      ...members.map((_, place) => `node ${place + 1}`),
      'max/mean',
      'arcs',
      'failed',
    ],
    rows.map(({ name, perSecond, spread, arcs, failed }) => [
      name,
      ...perSecond.map(rate => rate.toFixed(0)),
      spread.toFixed(2),
      String(arcs),
      String(failed),
    ]),
  )
  const { keyCount, perSecond, measureMs } = plan
  return {
    text: `Who answers, Zipf 1.0 over ${keyCount} keys: ${NODES} nodes in ${NODES} processes, ${perSecond} gets/s by each, encryption ${encryption}
${machineLine()}
Each line is ${measureMs / 1_000} s; arcs: those that nodes gave away or share by then.
${quick ? 'A quick run: it shows that the benchmark works, not how even anything is.\n' : ''}
${text}`,
    data: { question: 'zipf', machine: machine(), encryption, quick, plan, rows },
  }
}

async function startMembers(
  { keyCount, perSecond }: Plan,
  encryption: Encryption,
  opening: AsyncDisposableStack,
): Promise<Member[]> {
  const members: Member[] = []
  for (let place = 0; place < NODES; place++) {
    const seeds = members.map(({ address }) => address)
    const options: ZipfNodeOptions = {
      encryption,
      seeds,
      members: NODES,
      keyCount,
      perSecond,
      seed: place + 1,
    }
    const { process, first } = await startProcess<ZipfAsk, unknown>('zipf-node.ts', options)
    opening.defer(process.close)
    members.push({ ...(first as PeerAddress), process })
  }
  return members
}

async function measured(members: readonly Member[], forMs: number) {
  const counted = (): Promise<ZipfCount[]> =>
    Promise.all(members.map(({ process }) => process.ask({ kind: 'count' }) as Promise<ZipfCount>))
  await counted()
  const since = performance.now()
  await pause(forMs)
  const counts = await counted()
  const seconds = (performance.now() - since) / 1_000
  const perSecond = members.map(
    ({ id }) => counts.reduce((sum, { answered }) => sum + (answered[id] ?? 0), 0) / seconds,
  )
  const mean = perSecond.reduce((sum, rate) => sum + rate, 0) / members.length
  return {
    perSecond,
    spread: Math.max(...perSecond) / mean,
    arcs: counts[0]?.arcs ?? 0,
    failed: counts.reduce((sum, { failed }) => sum + failed, 0),
  }
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}
