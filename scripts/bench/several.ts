// How fast is a mesh of three nodes? Asked by one of them, or by a member that owns nothing, so that every key is another
// node's: reads and writes of popular keys beside Redis; and keys that are asked of
// the wrong node beside those asked of the right one. Each party has a process of its own.

import type { LoadKind, MemberAsk, MemberOptions } from './member.ts'
import type { BenchOptions, Encryption } from './options.ts'
import type { PeerAddress, PeerOptions } from './peer.ts'
import { type BenchProcess, startProcess } from './process.ts'
import { randomKeys } from './random.ts'
import { startRedis } from './redis.ts'
import { progress, type Report } from './report.ts'
import { interleaved, type Sample } from './rounds.ts'
import { type Compared, describeSeveral } from './several-report.ts'

interface Plan {
  readonly keyCount: number
  readonly rounds: number
  readonly sliceMs: number
}

interface Party {
  readonly name: string
  readonly process: BenchProcess<MemberAsk, unknown>
}

const FULL: Plan = { keyCount: 100_000, rounds: 9, sliceMs: 400 }
const QUICK: Plan = { keyCount: 2_000, rounds: 2, sliceMs: 50 }
const NODES = 3
const VALUE_BYTES = 100
const MEMORY = '256mb'
const ZIPF = 0.99
const DEPTHS = [1, 64]
const SEED = 20_261_121
const STRIDE = 7_919

export async function several(options: BenchOptions): Promise<Report> {
  const plan = options.quick ? QUICK : FULL
  const [encryption] = options.encryptions as [Encryption]
  const compared: Compared[] = []
  progress('a mesh of three: reads and writes')
  compared.push(await mixture(plan, encryption, 'one of them'))
  compared.push(await mixture(plan, encryption, 'a fourth'))
  progress('a mesh of three: keys asked of the wrong node')
  compared.push(...(await forwarded(plan, encryption)))
  progress('')
  return describeSeveral({ ...options, rounds: plan.rounds, compared })
}

/** Nine gets and a set, Zipf 0.99, depth 64. */
async function mixture(
  plan: Plan,
  encryption: Encryption,
  who: 'one of them' | 'a fourth',
): Promise<Compared> {
  await using stage = new Stage(encryption)
  const isNode = who === 'one of them'
  await stage.startNodes(isNode ? NODES - 1 : NODES)
  const parties = [await stage.member('mesh', 'get and set', { weight: isNode ? 1 : 0 })]
  const redis = await startRedis()
  if (redis !== undefined) {
    stage.defer(redis.close)
    const options: MemberOptions = { kind: 'redis', port: redis.port, load: 'get and set' }
    parties.push(await stage.start('ioredis', options))
  }
  const keys = randomKeys(SEED, plan.keyCount, () => true)
  for (const party of parties) await party.process.ask({ ...storing(keys), zipf: ZIPF })
  return {
    name: `90 % gets, 10 % sets, Zipf 0.99, depth 64, by ${who}`,
    of: 'mesh',
    over: 'ioredis',
    samples: await measured(parties, plan, 64),
  }
}

async function forwarded(plan: Plan, encryption: Encryption): Promise<Compared[]> {
  await using stage = new Stage(encryption)
  const [owner] = (await stage.startNodes()) as [PeerAddress]
  const direct = await stage.member('direct', 'get')
  const parties = [direct, await stage.member('forwarded', 'get', { unknown: owner.id })]
  const candidates = randomKeys(SEED, NODES * 2 * plan.keyCount, () => true)
  const owned = (await direct.process.ask({ kind: 'owned', keys: candidates, by: owner.id })) as string[]
  const keys = owned.slice(0, plan.keyCount)
  for (const party of parties) await party.process.ask(storing(keys))
  const all: Compared[] = []
  for (const depth of DEPTHS) {
    const samples = await measured(parties, plan, depth)
    all.push({ name: `asked of the wrong node, depth ${depth}`, of: 'forwarded', over: 'direct', samples })
  }
  return all
}

function storing(keys: readonly string[]): Extract<MemberAsk, { kind: 'store' }> {
  return { kind: 'store', keys, valueBytes: VALUE_BYTES, seed: SEED }
}

function measured(parties: readonly Party[], { keyCount, rounds, sliceMs }: Plan, depth: number) {
  const contenders = parties.map(({ name, process }) => ({
    name,
    measure: (round: number) =>
      process.ask({
        kind: 'measure',
        from: (round * STRIDE) % keyCount,
        depth,
        durationMs: sliceMs,
      }) as Promise<Sample>,
  }))
  return interleaved(contenders, rounds)
}

/** Three nodes that own everything, and who asks them. */
class Stage implements AsyncDisposable {
  readonly #encryption: Encryption
  readonly #open = new AsyncDisposableStack()
  #seeds: readonly string[] = []
  #members = 0

  constructor(encryption: Encryption) {
    this.#encryption = encryption
  }

  async startNodes(count = NODES): Promise<PeerAddress[]> {
    const nodes: PeerAddress[] = []
    for (let i = 0; i < count; i++) {
      const seeds = nodes.map(({ address }) => address)
      const options: PeerOptions = {
        kind: 'mesh',
        encryption: this.#encryption,
        memory: MEMORY,
        mesh: 'bench',
        seeds,
      }
      const { process, first } = await startProcess('peer.ts', options)
      this.defer(process.close)
      nodes.push(first as PeerAddress)
    }
    this.#seeds = nodes.map(({ address }) => address)
    this.#members = count
    return nodes
  }

  member(
    name: string,
    load: LoadKind,
    how: { readonly weight?: 0 | 1; readonly unknown?: string } = {},
  ): Promise<Party> {
    return this.start(name, {
      kind: 'mesh',
      load,
      encryption: this.#encryption,
      seeds: this.#seeds,
      members: ++this.#members,
      memory: MEMORY,
      weight: 0,
      ...how,
    })
  }

  async start(name: string, options: MemberOptions): Promise<Party> {
    const { process } = await startProcess<MemberAsk, unknown>('member.ts', options)
    this.defer(process.close)
    return { name, process }
  }

  defer(close: () => Promise<void>): void {
    this.#open.defer(close)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#open.disposeAsync()
  }
}
