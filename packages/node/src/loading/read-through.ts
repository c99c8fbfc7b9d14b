// Reads of a namespace that has a loader. The mesh answers, waits for whoever loads, or has this process load.

import type { Found, Loaded } from '@cachemesh/core'
import { CacheMeshError, decodeValue, type LeaseBody } from '@cachemesh/protocol'
import { valueIn } from '../requests/found-value.ts'
import type { Runtime } from '../runtime.ts'
import { monotonic } from '../time.ts'
import type { DataStore } from './data-store.ts'
import type { Key, LeaseWork } from './lease-work.ts'

export interface ReadThroughParts<T> {
  readonly runtime: Runtime
  readonly dataStore: DataStore<T>
  readonly work: LeaseWork<T>
}

/** What the mesh answered, with values decoded. */
type Answer<T> =
  | { readonly kind: 'value'; readonly value: T | undefined }
  | { readonly kind: 'lease'; readonly lease: LeaseBody; readonly stale: { readonly value: T } | undefined }

export class ReadThrough<T> {
  readonly #parts: ReadThroughParts<T>

  constructor(parts: ReadThroughParts<T>) {
    this.#parts = parts
  }

  /** `timeoutMs`: of this caller; others who wait for the same load have their own. */
  async get(key: Key, timeoutMs: number): Promise<T | undefined> {
    const deadline = monotonic() + timeoutMs
    const { runtime, dataStore, work } = this.#parts
    const wish = {
      claim: false,
      leaseMs: dataStore.loads ? dataStore.loadTimeoutMs : 0,
      staleAfterMs: dataStore.waitForFreshMs,
    }
    const answer = await runtime.requests.load(key.qualified, { wish, deadline, take: answerOf<T> })
    if (answer.kind === 'value') return answer.value
    const loading = work.load(key, answer.lease)
    const { stale } = answer
    if (stale === undefined) return await this.#loaded(key, loading, deadline)
    // Whoever has something to go on with waits only as long as it likes to.
    loading.catch(() => {})
    const patientUntil = Math.min(deadline, monotonic() + dataStore.waitForFreshMs)
    if (dataStore.waitForFreshMs === 0) return stale.value
    return await this.#loaded(key, loading, patientUntil).catch(() => stale.value)
  }

  async #loaded(
    { key }: Key,
    loading: ReturnType<LeaseWork<T>['load']>,
    until: number,
  ): Promise<T | undefined> {
    const late = (): Error =>
      new CacheMeshError('ERR_TIMEOUT', `Loading key ${JSON.stringify(key)} did not end before the deadline`)
    const ms = Math.max(1, until - monotonic())
    const loaded = await this.#parts.runtime.deadlines.within(loading, { ms, late })
    // Each caller gets a value of its own, as from the cache.
    return loaded && (decodeValue(loaded.value, loaded.contentType) as T)
  }
}

function answerOf<T>(loaded: Loaded): Answer<T> {
  if (loaded.kind === 'miss') return { kind: 'value', value: undefined }
  if (loaded.kind === 'hit') return { kind: 'value', value: valueIn(loaded.found) as T }
  const { lease, stale } = loaded
  return { kind: 'lease', lease, stale: stale && { value: valueIn(stale satisfies Found) as T } }
}
