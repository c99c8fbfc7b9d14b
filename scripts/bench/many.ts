// What does a batch save? One node of three, each in a process of its own, asks for keys that all three own, one after
// the other or a hundred in one call. Depth 1: the next call begins when the last one has ended.

import { createNode } from 'cachemesh'
import type { BenchOptions } from './options.ts'
import type { PeerAddress, PeerOptions } from './peer.ts'
import { startProcess } from './process.ts'
import { randomKeys } from './random.ts'
import { machine, machineLine, progress, type Report, ratioCell, table } from './report.ts'
import { type Contender, interleaved, ratio, type Sample, summary } from './rounds.ts'

const SEED = 20_261_122
const KEYS = 10_000
const BATCH = 100
const VALUE_BYTES = 100
const ENCRYPTION = 'tls'
const ROUNDS = 9
const SLICE_MS = 400
const QUICK = { rounds: 2, sliceMs: 50 }

type Keys = readonly string[]

export async function many({ quick }: BenchOptions): Promise<Report> {
  const { rounds, sliceMs } = quick ? QUICK : { rounds: ROUNDS, sliceMs: SLICE_MS }
  await using processes = new AsyncDisposableStack()
  const peer = async (seeds: readonly string[]): Promise<string> => {
    const options: PeerOptions = { kind: 'mesh', encryption: ENCRYPTION, memory: '256mb', seeds }
    const { process, first } = await startProcess('peer.ts', options)
    processes.defer(process.close)
    return (first as PeerAddress).address
  }
  const first = await peer([])
  await peer([first])
  const node = await createNode({ mesh: `bench-${ENCRYPTION}`, encryption: ENCRYPTION, seeds: [first] })
  processes.defer(() => node.close())
  while (node.stats.links < 2) await new Promise(resolve => setTimeout(resolve, 20))
  const keys = randomKeys(SEED, KEYS, () => true)
  const bytes = new Uint8Array(VALUE_BYTES)
  const ns = node.namespace<Uint8Array>('default')
  for (let at = 0; at < keys.length; at += 1_000)
    await ns.setMany(keys.slice(at, at + 1_000).map(key => [key, bytes]))

  const found = async (some: Keys): Promise<number> => {
    const ends = await ns.getMany(some)
    return [...ends.values()].filter(({ value }) => value?.length === VALUE_BYTES).length
  }
  const stored = async (some: Keys): Promise<number> => {
    const ends = await ns.setMany(some.map(key => [key, bytes]))
    return [...ends.values()].filter(({ value }) => value?.stored).length
  }
  const one = {
    get: async ([key = '']: Keys) => ((await ns.get(key))?.length === VALUE_BYTES ? 1 : 0),
    set: async ([key = '']: Keys) => ns.set(key, bytes).then(() => 1),
  }
  const contender = (name: string, count: number, call: (some: Keys) => Promise<number>): Contender => ({
    name,
    measure: round => measured({ keys, count, from: round * 7_919, sliceMs }, call),
  })
  progress('measuring')
  const samples = await interleaved(
    [
      contender('get', 1, one.get),
      contender('getMany', BATCH, found),
      contender('set', 1, one.set),
      contender('setMany', BATCH, stored),
    ],
    rounds,
  )
  progress('')
  const rows = [...samples].map(([name, taken]) => {
    const { operationsPerSecond, cpuMicros, misses } = summary(taken)
    const over = name.replace('Many', '')
    return [
      name,
      `${Math.round(operationsPerSecond / 1_000)}k`,
      cpuMicros.toFixed(1),
      ratioCell(over === name ? undefined : ratio(samples, name, over)),
      `${misses}`,
    ]
  })
  return {
    text: `Keys a second, one call after the other, ${BATCH} keys in a call of many; three nodes over ${ENCRYPTION}
${machineLine()}
${quick ? 'A quick run: its figures say little.\n' : ''}
${table(['', 'keys/s', 'us of asker', 'over one by one', 'misses'], rows)}`,
    data: {
      question: 'many',
      machine: machine(),
      quick,
      rounds,
      samples: Object.fromEntries([...samples].map(([name, taken]) => [name, summary(taken)])),
      getMany: ratio(samples, 'getMany', 'get'),
      setMany: ratio(samples, 'setMany', 'set'),
    },
  }
}

async function measured(
  { keys, count, from, sliceMs }: { keys: Keys; count: number; from: number; sliceMs: number },
  call: (some: Keys) => Promise<number>,
): Promise<Sample> {
  const cpu = process.cpuUsage()
  const startedAt = performance.now()
  let asked = 0
  let answered = 0
  for (let at = from; performance.now() - startedAt < sliceMs; at += count) {
    const some = Array.from({ length: count }, (_, i) => keys[(at + i) % keys.length] as string)
    asked += count
    answered += await call(some)
  }
  const seconds = (performance.now() - startedAt) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  return {
    operationsPerSecond: asked / seconds,
    cpuMicros: (user + system) / asked,
    misses: asked - answered,
    latencies: [],
  }
}
