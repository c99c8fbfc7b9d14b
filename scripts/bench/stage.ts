// Everything that answers in `remote`, with values of one size in place: an echo in plaintext, an echo and a mesh over
// each secure channel, and Redis where it is installed. All know the same keys. Each party has one process that asks
// and one that answers, and nobody else is in them.

import type { Answer, Ask, AskerOptions } from './asker.ts'
import type { Encryption } from './options.ts'
import type { PeerAddress, PeerOptions } from './peer.ts'
import { type BenchProcess, startProcess } from './process.ts'
import { randomKeys } from './random.ts'
import { startRedis } from './redis.ts'
import type { Sample } from './rounds.ts'

export interface StageOptions {
  readonly encryptions: readonly Encryption[]
  readonly valueBytes: number
  readonly keyCount: number
  readonly seed: number
}

export interface Stage extends AsyncDisposable {
  readonly parties: readonly Party[]
  readonly redisVersion: string | undefined
}

export interface Party {
  readonly name: string
  measure(load: { from: number; depth: number; durationMs: number }): Promise<Sample>
}

interface Asker {
  readonly name: string
  readonly process: BenchProcess<Ask, Answer>
}

export async function setStage({ encryptions, valueBytes, keyCount, seed }: StageOptions): Promise<Stage> {
  await using opening = new AsyncDisposableStack()
  const memory = `${256 + Math.ceil((2 * keyCount * valueBytes) / 2 ** 20)}mb`
  const listen = async (options: PeerOptions): Promise<PeerAddress> => {
    const { process, first } = await startProcess('peer.ts', options)
    opening.defer(process.close)
    return first as PeerAddress
  }
  const askers: Asker[] = []
  const ask = async (name: string, options: AskerOptions): Promise<void> => {
    const { process } = await startProcess<Ask, Answer>('asker.ts', options)
    opening.defer(process.close)
    askers.push({ name, process })
  }
  const { address } = await listen({ kind: 'echo in plaintext' })
  await ask('echo in plaintext', { kind: 'echo in plaintext', address, valueBytes })
  for (const encryption of encryptions) {
    const echo = await listen({ kind: 'echo', encryption })
    await ask(`echo over ${encryption}`, { kind: 'echo', encryption, address: echo.address, valueBytes })
    const { address, id: owner } = await listen({ kind: 'mesh', encryption, memory })
    await ask(`mesh over ${encryption}`, { kind: 'mesh', encryption, address, owner, memory, valueBytes })
  }
  const redis = await startRedis()
  if (redis !== undefined) {
    opening.defer(redis.close)
    await ask('ioredis', { kind: 'redis', port: redis.port, valueBytes })
  }
  const keys = await keysOwnedByOthers(askers, keyCount, seed)
  for (const { process } of askers) await process.ask({ kind: 'store', keys, seed })
  const closing = opening.move()
  return {
    parties: askers.map(({ name, process }) => ({
      name,
      measure: load => process.ask({ kind: 'measure', ...load }) as Promise<Sample>,
    })),
    redisVersion: redis?.version,
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
}

/** Keys that in each mesh the node of the other process owns. */
async function keysOwnedByOthers(askers: readonly Asker[], count: number, seed: number): Promise<string[]> {
  const keys = new Set<string>()
  for (let batch = 0; keys.size < count; batch++) {
    let candidates: readonly string[] = randomKeys(seed + batch, count, () => true)
    for (const { process } of askers)
      candidates = (await process.ask({ kind: 'owned', keys: candidates })) as readonly string[]
    for (const key of candidates) if (keys.size < count) keys.add(key)
  }
  return [...keys]
}
