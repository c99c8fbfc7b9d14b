// Reads of a namespace that has a loader: what the mesh does not have is fetched once for all callers of this process
// that wait for it, and stored.

import { CacheMeshError, decodeValue, type EncodedValue, encodeValue } from '@cachemesh/protocol'
import { valueIn } from '../requests/found-value.ts'
import type { Runtime } from '../runtime.ts'
import { monotonic } from '../time.ts'
import type { Load } from './load.ts'

export interface ReadThroughParts<T> {
  readonly runtime: Runtime
  readonly load: Load<T>
  /** Stores what was loaded, with the time to live of the namespace. */
  store(qualified: string, encoded: EncodedValue): Promise<void>
}

export class ReadThrough<T> {
  readonly #runtime: Runtime
  readonly #load: Load<T>
  readonly #store: ReadThroughParts<T>['store']
  readonly #loading = new Map<string, Promise<Loaded>>()

  constructor({ runtime, load, store }: ReadThroughParts<T>) {
    this.#runtime = runtime
    this.#load = load
    this.#store = store
  }

  async get(key: string, qualified: string): Promise<T | undefined> {
    const startedAt = monotonic()
    const { value, certain } = await this.#lookUp(qualified)
    if (value !== undefined) return value
    let flight = this.#loading.get(qualified)
    if (flight === undefined) {
      const ms = Math.max(1, this.#runtime.timeoutMs - (monotonic() - startedAt))
      const message = `Loading key ${JSON.stringify(key)} did not end before the deadline`
      const fill = this.#fill(key, qualified, certain)
      flight = this.#runtime.deadlines
        .within(fill, { ms, message })
        .finally(() => this.#loading.delete(qualified))
      this.#loading.set(qualified, flight)
    }
    const loaded = await flight
    // Each caller gets a value of its own, as from the cache.
    return loaded && (decodeValue(loaded.value, loaded.contentType) as T)
  }

  /** The data store still answers when nobody responsible for the key does. */
  async #lookUp(qualified: string): Promise<{ value: T | undefined; certain: boolean }> {
    try {
      return await this.#runtime.requests.get(qualified, (found, certain) => ({
        value: valueIn(found) as T | undefined,
        certain,
      }))
    } catch (error) {
      if (error instanceof CacheMeshError && error.retryable) return { value: undefined, certain: false }
      throw error
    }
  }

  /** What was loaded is stored only when the owner itself had nothing: else it may hold something newer. */
  async #fill(key: string, qualified: string, store: boolean): Promise<Loaded> {
    let value: T | undefined
    try {
      value = await this.#load(key)
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new CacheMeshError('ERR_LOADER', `Loading key ${JSON.stringify(key)} failed: ${reason}`, {
        cause,
      })
    }
    if (value === undefined) return undefined
    const encoded = encodeValue(value)
    if (store) {
      // A fill that fails costs a load later; the caller has its value all the same.
      await this.#store(qualified, encoded).catch(() => {})
    }
    return encoded
  }
}

type Loaded = EncodedValue | undefined
