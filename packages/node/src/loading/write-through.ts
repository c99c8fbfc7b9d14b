// Writes that the data store takes first. The order is: a token from the owner of the key, the data store, the cache. The
// cache takes the value only when nobody has written or loaded the key since the token was given; otherwise nobody here
// knows what the data store took last, and the key is removed instead, so that the next who reads it asks.

import type { Loaded } from '@cachemesh/core'
import { CacheMeshError, type EncodedValue, type LeaseBody } from '@cachemesh/protocol'
import type { Runtime } from '../runtime.ts'
import { monotonic } from '../time.ts'
import type { DataStore } from './data-store.ts'
import { fillOf } from './filling.ts'
import type { Key } from './lease-work.ts'

export interface WriteThroughParts<T> {
  readonly runtime: Runtime
  readonly dataStore: DataStore<T>
}

export interface NewValue<T> {
  readonly value: T
  readonly encoded: EncodedValue
  /** 0: no expiry. */
  readonly ttlMs: number
}

export class WriteThrough<T> {
  readonly #runtime: Runtime
  readonly #dataStore: DataStore<T>

  constructor({ runtime, dataStore }: WriteThroughParts<T>) {
    this.#runtime = runtime
    this.#dataStore = dataStore
  }

  async set({ key, qualified }: Key, { value, encoded, ttlMs }: NewValue<T>): Promise<void> {
    const { requests, timeoutMs } = this.#runtime
    const { loadTimeoutMs, staleForMs } = this.#dataStore
    const wish = { claim: true, leaseMs: loadTimeoutMs + timeoutMs, staleAfterMs: 0 }
    const { token, holder } = await requests.load(qualified, {
      wish,
      deadline: monotonic() + timeoutMs,
      take: leaseOf,
    })
    await this.#told(qualified, () => this.#dataStore.store(key, value))
    const fill = fillOf(encoded, { token, kind: 'written', costMs: 0, ttlMs, staleForMs })
    try {
      await requests.fill(qualified, fill, { holder })
    } catch {
      await this.#invalidate({ key, qualified })
    }
  }

  /** Resolves to true when there was an entry in the cache. */
  async delete({ key, qualified }: Key): Promise<boolean> {
    await this.#told(qualified, () => this.#dataStore.remove(key))
    return this.#invalidate({ key, qualified })
  }

  /** When it fails nobody knows what the data store has now. */
  async #told(qualified: string, tell: () => Promise<void>): Promise<void> {
    try {
      await tell()
    } catch (error) {
      await this.#runtime.requests.delete(qualified).catch(() => {})
      throw error
    }
  }

  async #invalidate({ key, qualified }: Key): Promise<boolean> {
    try {
      const { existed } = await this.#runtime.requests.delete(qualified)
      return existed
    } catch (cause) {
      const code = cause instanceof CacheMeshError ? cause.code : 'ERR_INTERNAL'
      const message =
        `The data store has taken the change of key ${JSON.stringify(key)}, but the cache could not be told; ` +
        'until its time is over it may serve what was there before'
      throw new CacheMeshError(code, message, { cause })
    }
  }
}

function leaseOf(loaded: Loaded): LeaseBody {
  if (loaded.kind === 'lease') return loaded.lease
  throw new CacheMeshError('ERR_MALFORMED_FRAME', `A claim was answered with a ${loaded.kind}`)
}
