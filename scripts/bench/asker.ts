// The process that asks one party: it stores the values, and runs the load. It ends with its parent.

import { createNode } from 'cachemesh'
import { Redis } from 'ioredis'
import { connectPlain, connectSecure } from './channels.ts'
import { closedLoop, type Get, type Load } from './closed-loop.ts'
import { ECHO_BYTE } from './echo.ts'
import type { Encryption } from './options.ts'
import { shuffledOrder, valueAt } from './random.ts'
import type { Sample } from './rounds.ts'

export type AskerOptions = { readonly valueBytes: number } & (
  | { readonly kind: 'echo in plaintext'; readonly address: string }
  | { readonly kind: 'echo'; readonly encryption: Encryption; readonly address: string }
  | {
      readonly kind: 'mesh'
      readonly encryption: Encryption
      readonly address: string
      /** Whose keys are asked for. */
      readonly owner: string
      readonly memory: string
    }
  | { readonly kind: 'redis'; readonly port: number }
)

export type Ask =
  /** Which of these keys does the other node own? A party without owners answers with all. */
  | { readonly kind: 'owned'; readonly keys: readonly string[] }
  | { readonly kind: 'store'; readonly keys: readonly string[]; readonly seed: number }
  | { readonly kind: 'measure'; readonly from: number; readonly depth: number; readonly durationMs: number }

export type Answer = readonly string[] | Sample | 'stored'

interface Party {
  readonly get: Get
  /** Undefined for an echo: it answers whatever it is asked. */
  readonly set?: (key: string, value: Uint8Array) => Promise<unknown>
  readonly owns?: (key: string) => boolean
}

/** Writes under way while values are stored. */
const STORING = 64

async function connect(options: AskerOptions): Promise<Party> {
  const { kind, valueBytes } = options
  if (kind === 'echo in plaintext') {
    const { client } = await connectPlain(options.address, valueBytes)
    return { get: key => client.get(key) }
  }
  if (kind === 'echo') {
    const { client } = await connectSecure(options.encryption, options.address, valueBytes)
    return { get: key => client.get(key) }
  }
  if (kind === 'redis') {
    // With auto-pipelining: the commands of one turn of the event loop leave together.
    const client = new Redis({ port: options.port, host: '127.0.0.1', enableAutoPipelining: true })
    await client.ping()
    return { get: key => client.getBuffer(key), set: (key, value) => client.set(key, Buffer.from(value)) }
  }
  const { encryption, address, owner, memory } = options
  const node = await createNode({ mesh: `bench-${encryption}`, encryption, memory, seeds: [address] })
  while (node.ring.members.length < 2) await new Promise(resolve => node.on('configuration', resolve))
  return {
    get: key => node.get(key) as ReturnType<Get>,
    set: (key, value) => node.set(key, value),
    owns: key => node.route(key).owner === owner,
  }
}

async function store(party: Party, keys: readonly string[], valueBytes: number): Promise<void> {
  const { set } = party
  if (set === undefined) return
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < keys.length) {
      const index = next++
      await set(keys[index] as string, valueAt(index, valueBytes))
    }
  }
  await Promise.all(Array.from({ length: STORING }, worker))
}

const options = JSON.parse(process.argv[2] as string) as AskerOptions
const party = await connect(options)
let load: Pick<Load, 'keys' | 'order' | 'firstBytes'> = {
  keys: [],
  order: new Uint32Array(),
  firstBytes: new Uint8Array(),
}

async function answer(ask: Ask): Promise<Answer> {
  if (ask.kind === 'owned') return ask.keys.filter(party.owns ?? (() => true))
  if (ask.kind === 'measure') return closedLoop(party.get, { ...load, ...ask })
  const { keys, seed } = ask
  await store(party, keys, options.valueBytes)
  const firstByte = (index: number): number =>
    party.set === undefined ? ECHO_BYTE : (valueAt(index, 4)[0] as number)
  load = {
    keys,
    order: shuffledOrder(seed, keys.length),
    firstBytes: Uint8Array.from(keys, (_, index) => firstByte(index)),
  }
  return 'stored'
}

process.on('disconnect', () => process.exit())
process.on('message', async (ask: Ask) => process.send?.(await answer(ask)))
process.send?.('ready')
