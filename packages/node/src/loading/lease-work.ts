// The work of whoever has the lease of a load: ask the data store, and bring back what it said. The member that granted
// the lease tells all who wait.

import { checkSize } from '@cachemesh/core'
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
    if (encoded === undefined) return this.#unkept(qualified, lease, value)
    const times = { ttlMs: this.#parts.ttlMs(), staleForMs: dataStore.staleForMs }
    await this.#bring(
      qualified,
      lease,
      fillOf(encoded, { token: lease.token, kind: 'loaded', costMs, ...times }),
    )
    return encoded
  }

  /** A value that is too large for the mesh: who loaded it has it, and whoever waits for it in this process's flight. */
  #unkept(qualified: string, lease: LeaseBody, value: T): EncodedValue {
    const { requests, core } = this.#parts.runtime
    const encoded = encodeValue(value)
    if (lease.holder === core.id) {
      requests.answerWaiting(
        qualified,
        fillOf(encoded, { token: lease.token, kind: 'loaded', costMs: 0, ttlMs: 0, staleForMs: 0 }),
      )
    } else requests.release(qualified, lease, new CacheMeshError('ERR_VALUE_TOO_LARGE', 'It is not kept'))
    return encoded
  }

  /** Undefined for a value that is too large. */
  #encoded(qualified: string, lease: LeaseBody, value: T): EncodedValue | undefined {
    const { runtime, namespace } = this.#parts
    try {
      const encoded = encodeValue(value)
      checkSize(runtime.core.settings, namespace, encoded.value.length)
      return encoded
    } catch (error) {
      if ((error as CacheMeshError).code === 'ERR_VALUE_TOO_LARGE') return undefined
      runtime.requests.release(qualified, lease, error as CacheMeshError)
      throw error
    }
  }

  /** A fill that is refused or lost costs a load later; whoever loaded has its value all the same. */
  async #bring(qualified: string, lease: LeaseBody, fill: FillBody): Promise<void> {
    await this.#parts.runtime.requests
      .fill(qualified, fill, { holder: lease.holder, ms: FILL_MS })
      .catch(() => {})
  }
}
