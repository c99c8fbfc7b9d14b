// How fast is a get of a key that another node owns? Two nodes in two processes; this one asks. Beside them
// run an echo in plaintext, the same echo over the same secure channel, and Redis with auto-pipelining. Each
// is asked for the same keys in the same order, by the same loop, in turns.

import { type CacheMeshNode, createNode } from 'cachemesh'
import { connectPlain, connectSecure } from './channels.ts'
import { closedLoop, type Get } from './closed-loop.ts'
import { ECHO_BYTE } from './echo.ts'
import type { BenchOptions, Encryption } from './options.ts'
import { type PeerProcess, startPeer } from './peer-process.ts'
import { randomKeys, shuffledOrder, valueAt } from './random.ts'
import { type RedisServer, startRedis } from './redis.ts'
import { describeRemote, type Measured } from './remote-report.ts'
import { progress, type Report } from './report.ts'
import { type Contender, interleaved } from './rounds.ts'

interface Size {
  readonly valueBytes: number
  readonly keyCount: number
}

const SIZES: readonly Size[] = [
  { valueBytes: 100, keyCount: 100_000 },
  { valueBytes: 1024, keyCount: 100_000 },
  { valueBytes: 64 * 1024, keyCount: 2_000 },
]
const QUICK_SIZES: readonly Size[] = [
  { valueBytes: 100, keyCount: 10_000 },
  { valueBytes: 1024, keyCount: 10_000 },
  { valueBytes: 64 * 1024, keyCount: 500 },
]
const DEPTHS = [1, 64, 256]
const ROUNDS = 7
const QUICK_ROUNDS = 2
const SLICE_MS = 500
const QUICK_SLICE_MS = 100
const SEED = 20_261_121
/** Writes under way while the keys are stored. */
const STORING = 64

/** Everything that answers, for values of one size. */
interface Stage {
  readonly keys: readonly string[]
  readonly parties: readonly Party[]
  close(): Promise<void>
}

interface Party {
  readonly name: string
  readonly get: Get
  readonly firstBytes: Uint8Array
}

export async function remote(options: BenchOptions): Promise<Report> {
  const { quick, encryptions } = options
  const measured: Measured[] = []
  let redisVersion: string | undefined
  for (const size of quick ? QUICK_SIZES : SIZES) {
    progress(`${size.valueBytes} B: storing ${size.keyCount} values`)
    const redis = await startRedis()
    redisVersion = redis?.version
    const stage = await setStage(encryptions, size, redis)
    for (const depth of DEPTHS) {
      progress(`${size.valueBytes} B, depth ${depth}`)
      const contenders = contendersOf(stage, depth, quick ? QUICK_SLICE_MS : SLICE_MS)
      const samples = await interleaved(contenders, quick ? QUICK_ROUNDS : ROUNDS)
      measured.push({ ...size, depth, samples })
    }
    await stage.close()
    await redis?.close()
  }
  progress('')
  return describeRemote({ ...options, rounds: quick ? QUICK_ROUNDS : ROUNDS, redisVersion, measured })
}

function contendersOf({ keys, parties }: Stage, depth: number, durationMs: number): Contender[] {
  const order = shuffledOrder(SEED, keys.length)
  return parties.map(({ name, get, firstBytes }) => ({
    name,
    measure: round => {
      const from = (round * 7919) % keys.length
      return closedLoop(get, { keys, order, from, firstBytes, depth, durationMs })
    },
  }))
}

async function setStage(
  encryptions: readonly Encryption[],
  { valueBytes, keyCount }: Size,
  redis: RedisServer | undefined,
): Promise<Stage> {
  const memory = `${256 + Math.ceil((2 * keyCount * valueBytes) / 2 ** 20)}mb`
  const peer = await startPeer({ encryptions, memory })
  const nodes = await Promise.all(encryptions.map(encryption => joinPeer(encryption, peer, memory)))
  const keys = randomKeys(SEED, keyCount, key =>
    nodes.every(({ node, owner }) => node.route(key).owner === owner),
  )
  const firstBytes = Uint8Array.from(keys, (_, index) => valueAt(index, 4)[0] as number)
  const echoBytes = new Uint8Array(keyCount).fill(ECHO_BYTE)
  const plain = await connectPlain(peer.addresses.plainEcho, valueBytes)
  const closing = [plain.close]
  const parties: Party[] = [
    { name: 'echo in plaintext', get: key => plain.client.get(key), firstBytes: echoBytes },
  ]
  for (const { encryption, node, echo } of nodes) {
    const connection = await connectSecure(encryption, echo, valueBytes)
    closing.push(connection.close, () => node.close())
    await store(keys, valueBytes, (key, value) => node.set(key, value))
    parties.push(
      { name: `echo over ${encryption}`, get: key => connection.client.get(key), firstBytes: echoBytes },
      { name: `mesh over ${encryption}`, get: key => node.get(key) as ReturnType<Get>, firstBytes },
    )
  }
  if (redis !== undefined) {
    const { client } = redis
    await store(keys, valueBytes, (key, value) => client.set(key, Buffer.from(value)))
    parties.push({ name: 'ioredis', get: key => client.getBuffer(key), firstBytes })
  }
  return {
    keys,
    parties,
    close: async () => {
      for (const close of closing) await close()
      await peer.close()
    },
  }
}

/** A node of this process in a mesh with the peer's. */
async function joinPeer(
  encryption: Encryption,
  peer: PeerProcess,
  memory: string,
): Promise<{ encryption: Encryption; node: CacheMeshNode; owner: string; echo: string }> {
  const address = peer.addresses.secure[encryption]
  if (address === undefined) throw new Error(`The other process has no node for ${encryption}`)
  const node = await createNode({ mesh: `bench-${encryption}`, encryption, memory, seeds: [address.node] })
  while (node.ring.members.length < 2) await new Promise(resolve => node.on('configuration', resolve))
  return { encryption, node, owner: address.id, echo: address.echo }
}

async function store(
  keys: readonly string[],
  valueBytes: number,
  set: (key: string, value: Uint8Array) => Promise<unknown>,
): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < keys.length) {
      const index = next++
      await set(keys[index] as string, valueAt(index, valueBytes))
    }
  }
  await Promise.all(Array.from({ length: STORING }, worker))
}
