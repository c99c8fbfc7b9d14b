// The work of whoever has the lease of a load: ask the data store, and bring back what it said. The member that granted
// the lease tells all who wait.

import { checkSize, jitteredTtl } from '@cachemesh/core'
import {
  CacheMeshError,
  type EncodedValue,
  encodeValue,
  type FillBody,
  type LeaseBody,
} from '@cachemesh/protocol'
import type { Runtime } from '../runtime.ts'
import type { DataStore } from './data-store.ts'
import { fillOf } from './filling.ts'

const NOTHING: EncodedValue = { value: new Uint8Array(0), contentType: '' }
/** Whoever waits for its own value does not wait longer than that for the mesh to take it, ms. */
const FILL_MS = 1_000

export interface LeaseWorkParts<T> {
  readonly runtime: Runtime
  readonly namespace: string
  readonly dataStore: DataStore<T>
  /** Time to live of what is loaded, ms; 0: no expiry. */
  ttlMs(): number
}

/** A key in its two forms. */
export interface Key {
  readonly key: string
  readonly qualified: string
}

export class LeaseWork<T> {
  readonly #parts: LeaseWorkParts<T>

  constructor(parts: LeaseWorkParts<T>) {
    this.#parts = parts
  }

  /** Resolves to what was loaded, once the mesh has it too. Rejects with ERR_LOADER, ERR_INVALID_VALUE, ERR_CLOSED. */
  async load({ key, qualified }: Key, lease: LeaseBody): Promise<EncodedValue | undefined> {
    const { dataStore, runtime } = this.#parts
    const { requests } = runtime
    const { value, error, gaveUp, costMs } = await dataStore.load(key, lease.leaseMs)
    if (error !== undefined) {
      requests.release(qualified, lease, gaveUp ? new CacheMeshError('ERR_TIMEOUT', error.message) : error)
      throw error
    }
    if (value === undefined) {
      const entry = { ...NOTHING, ttlMs: dataStore.negativeTtlMs }
      await this.#bring(qualified, lease, { token: lease.token, kind: 'absent', costMs, freshMs: 0, entry })
      return undefined
    }
    const encoded = this.#encoded(qualified, lease, value)
    const tooLarge = this.#tooLarge(encoded)
    if (tooLarge !== undefined) {
      this.#giveOut(qualified, lease, { encoded, tooLarge })
      return encoded
    }
    const times = { ttlMs: jitteredTtl(this.#parts.ttlMs(), Math.random()), staleForMs: dataStore.staleForMs }
    await this.#bring(
      qualified,
      lease,
      fillOf(encoded, { token: lease.token, kind: 'loaded', costMs, ...times }),
    )
    return encoded
  }

  #encoded(qualified: string, lease: LeaseBody, value: T): EncodedValue {
    try {
      return encodeValue(value)
    } catch (error) {
      this.#parts.runtime.requests.release(qualified, lease, error as CacheMeshError)
      throw error
    }
  }

  #tooLarge({ value }: EncodedValue): CacheMeshError | undefined {
    const { runtime, namespace } = this.#parts
    try {
      checkSize(runtime.core.settings, namespace, value.length)
      return undefined
    } catch (error) {
      return error as CacheMeshError
    }
  }

  /** What is not kept: who loaded it has it, and whoever waits for it in this process's flight. */
  #giveOut(
    qualified: string,
    lease: LeaseBody,
    { encoded, tooLarge }: { readonly encoded: EncodedValue; readonly tooLarge: CacheMeshError },
  ): void {
    const { requests, core } = this.#parts.runtime
    if (lease.holder !== core.id) {
      requests.release(qualified, lease, tooLarge)
      return
    }
    const fill = { token: lease.token, kind: 'loaded', costMs: 0, ttlMs: 0, staleForMs: 0 } as const
    requests.answerWaiting(qualified, fillOf(encoded, fill))
  }

  /** A fill that is refused or lost costs a load later; whoever loaded has its value all the same. */
  async #bring(qualified: string, lease: LeaseBody, fill: FillBody): Promise<void> {
    await this.#parts.runtime.requests
      .fill(qualified, fill, { holder: lease.holder, ms: FILL_MS })
      .catch(() => {})
  }
}
