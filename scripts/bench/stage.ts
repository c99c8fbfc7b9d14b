// Everything that answers in `remote`, with values of one size in place: an echo in plaintext, an echo and a
// mesh over each secure channel, and Redis where it is installed. All know the same keys.

import { type CacheMeshNode, createNode } from 'cachemesh'
import { connectPlain, connectSecure } from './channels.ts'
import type { Get } from './closed-loop.ts'
import { ECHO_BYTE } from './echo.ts'
import type { Encryption } from './options.ts'
import { type PeerProcess, startPeer } from './peer-process.ts'
import { randomKeys, valueAt } from './random.ts'
import { startRedis } from './redis.ts'

export interface StageOptions {
  readonly encryptions: readonly Encryption[]
  readonly valueBytes: number
  readonly keyCount: number
  readonly seed: number
}

export interface Stage extends AsyncDisposable {
  readonly keys: readonly string[]
  readonly parties: readonly Party[]
  readonly redisVersion: string | undefined
}

export interface Party {
  readonly name: string
  readonly get: Get
  /** First byte of the value of each key. */
  readonly firstBytes: Uint8Array
}

/** Writes under way while values are stored. */
const STORING = 64

export async function setStage({ encryptions, valueBytes, keyCount, seed }: StageOptions): Promise<Stage> {
  await using opening = new AsyncDisposableStack()
  const memory = `${256 + Math.ceil((2 * keyCount * valueBytes) / 2 ** 20)}mb`
  const peer = opening.adopt(await startPeer({ encryptions, memory }), ({ close }) => close())
  const nodes = await Promise.all(encryptions.map(encryption => joinPeer(encryption, peer, memory)))
  for (const { node } of nodes) opening.use(node)
  const keys = randomKeys(seed, keyCount, key =>
    nodes.every(({ node, owner }) => node.route(key).owner === owner),
  )
  const firstBytes = Uint8Array.from(keys, (_, index) => valueAt(index, 4)[0] as number)
  const echoBytes = new Uint8Array(keyCount).fill(ECHO_BYTE)
  const plain = await connectPlain(peer.addresses.plainEcho, valueBytes)
  opening.defer(plain.close)
  const parties: Party[] = [
    { name: 'echo in plaintext', get: key => plain.client.get(key), firstBytes: echoBytes },
  ]
  for (const { encryption, node, echo } of nodes) {
    const { client, close } = await connectSecure(encryption, echo, valueBytes)
    opening.defer(close)
    await store(keys, valueBytes, (key, value) => node.set(key, value))
    parties.push({ name: `echo over ${encryption}`, get: key => client.get(key), firstBytes: echoBytes })
    parties.push({
      name: `mesh over ${encryption}`,
      get: key => node.get(key) as ReturnType<Get>,
      firstBytes,
    })
  }
  const redis = await startRedis()
  if (redis !== undefined) {
    const { client, close } = redis
    opening.defer(close)
    await store(keys, valueBytes, (key, value) => client.set(key, Buffer.from(value)))
    parties.push({ name: 'ioredis', get: key => client.getBuffer(key), firstBytes })
  }
  const closing = opening.move()
  return {
    keys,
    parties,
    redisVersion: redis?.version,
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
}

/** A node of this process in a mesh with one of the peer's. */
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
