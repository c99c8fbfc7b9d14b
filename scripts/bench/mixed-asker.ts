// The process that asks for small values, and for large ones beside them. It ends with its parent.

import { createNode } from 'cachemesh'
import type { Encryption } from './options.ts'
import { randomKeys, valueAt } from './random.ts'

export interface MixedOptions {
  readonly encryption: Encryption
  readonly address: string
  /** Whose keys are asked for. */
  readonly owner: string
  readonly memory: string
  readonly largeBytes: readonly number[]
}

export interface MixedAsk {
  readonly durationMs: number
  /** Size of the values that flow beside; without it none do. */
  readonly largeBytes?: number
}

export interface MixedSample {
  /** Ms of each small get. */
  readonly latencies: readonly number[]
  readonly largeBytesPerSecond: number
}

const SMALL_KEYS = 10_000
const SMALL_BYTES = 100
const LARGE_KEYS = 4
const SEED = 20_261_121

const { encryption, address, owner, memory, largeBytes } = JSON.parse(
  process.argv[2] as string,
) as MixedOptions
const node = await createNode({ mesh: `bench-${encryption}`, encryption, memory, seeds: [address] })
while (node.ring.members.length < 2) await new Promise(resolve => node.on('configuration', resolve))
const isFar = (key: string): boolean => node.route(key).owner === owner
const small = randomKeys(SEED, SMALL_KEYS, isFar)
const large = new Map(largeBytes.map(bytes => [bytes, randomKeys(SEED + bytes, LARGE_KEYS, isFar)]))
for (const [index, key] of small.entries()) await node.set(key, valueAt(index, SMALL_BYTES))
for (const [bytes, keys] of large)
  for (const [index, key] of keys.entries()) await node.set(key, valueAt(index, bytes))

async function checked(keys: readonly string[], at: number, bytes: number): Promise<void> {
  const index = at % keys.length
  const value = (await node.get(keys[index] as string)) as Uint8Array | undefined
  if (value?.length !== bytes || value.at(-1) !== index % 251)
    throw new Error(`The value of ${keys[index]} is not the one that was stored`)
}

async function measure({ durationMs, largeBytes }: MixedAsk): Promise<MixedSample> {
  const latencies: number[] = []
  const startedAt = performance.now()
  let flowed = 0
  const flow = async (): Promise<void> => {
    if (largeBytes === undefined) return
    for (let at = 0; performance.now() - startedAt < durationMs; at++) {
      await checked(large.get(largeBytes) as string[], at, largeBytes)
      flowed += largeBytes
    }
  }
  const ask = async (): Promise<void> => {
    for (let at = 0, askedAt = startedAt; askedAt - startedAt < durationMs; at++) {
      await checked(small, at, SMALL_BYTES)
      const now = performance.now()
      latencies.push(now - askedAt)
      askedAt = now
    }
  }
  await Promise.all([flow(), ask()])
  const seconds = (performance.now() - startedAt) / 1000
  return { latencies, largeBytesPerSecond: flowed / seconds }
}

process.on('disconnect', () => process.exit())
process.on('message', async (ask: MixedAsk) => process.send?.(await measure(ask)))
process.send?.('ready')
