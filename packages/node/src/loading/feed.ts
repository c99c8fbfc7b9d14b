// What a change feed of the data store tells. The program that reads the feed passes it on here.

import { CacheMeshError, encodeValue } from '@cachemesh/protocol'
import { parseDuration } from '../options/duration.ts'
import type { Runtime } from '../runtime.ts'
import type { Fed, FedEntry } from './fed-entry.ts'
import { fillOf } from './filling.ts'

export interface FeedParts {
  readonly runtime: Runtime
  qualify(key: string): string
  checkSize(value: Uint8Array): void
  /** 0: no expiry. */
  ttlMs(): number
}

/** Changes that are on their way at once. */
const TOGETHER = 256

export class Feed<T> {
  readonly #parts: FeedParts

  constructor(parts: FeedParts) {
    this.#parts = parts
  }

  async invalidate(keys: Iterable<string>): Promise<void> {
    const { runtime, qualify } = this.#parts
    await inBatches([...keys].map(qualify), qualified => runtime.requests.delete(qualified))
  }

  async fill(entries: Iterable<FedEntry<T>>): Promise<Fed> {
    const { runtime, qualify, ttlMs, checkSize } = this.#parts
    const fills = [...entries].map(({ key, value, order, ttl }) => {
      if (!Number.isSafeInteger(order) || order < 0) {
        throw new CacheMeshError('ERR_INVALID_ARGUMENT', 'The order of a change is a whole number, 0 or more')
      }
      const encoded = encodeValue(value)
      checkSize(encoded.value)
      const ms = ttl === undefined ? ttlMs() : parseDuration(ttl)
      const fill = fillOf(encoded, { token: order, kind: 'fed', costMs: 0, ttlMs: ms, staleForMs: 0 })
      return { qualified: qualify(key), fill }
    })
    let older = 0
    await inBatches(fills, async ({ qualified, fill }) => {
      try {
        await runtime.requests.fill(qualified, fill)
      } catch (error) {
        if (!(error instanceof CacheMeshError) || error.code !== 'ERR_LEASE_VOID') throw error
        older++
      }
    })
    return { kept: fills.length - older, older }
  }
}

async function inBatches<I>(items: readonly I[], work: (item: I) => Promise<unknown>): Promise<void> {
  for (let at = 0; at < items.length; at += TOGETHER)
    await Promise.all(items.slice(at, at + TOGETHER).map(work))
}
