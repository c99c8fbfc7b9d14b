// A namespace and the data store behind it, in one place: reads that load, writes that the data store takes first.

import { CacheMeshError } from '@cachemesh/protocol'
import { parseDuration } from '../options/duration.ts'
import { valueIn } from '../requests/found-value.ts'
import type { Runtime } from '../runtime.ts'
import { abortable } from './abortable.ts'
import { DataStore } from './data-store.ts'
import type { GetOptions } from './get-options.ts'
import { type Key, LeaseWork } from './lease-work.ts'
import type { DataStoreOptions } from './load.ts'
import { ReadThrough } from './read-through.ts'
import { type NewValue, WriteThrough } from './write-through.ts'

export interface DataAccessParts {
  readonly runtime: Runtime
  readonly namespace: string
  /** Of what is loaded, ms; 0: no expiry. */
  ttlMs(): number
}

export class DataAccess<T> {
  readonly loads: boolean
  readonly stores: boolean
  readonly removes: boolean
  readonly #runtime: Runtime
  readonly #read: ReadThrough<T>
  readonly #write: WriteThrough<T>

  /** Throws ERR_INVALID_ARGUMENT, ERR_INVALID_TTL. */
  constructor(parts: DataAccessParts, options: DataStoreOptions<T>) {
    const { runtime, namespace } = parts
    const dataStore = new DataStore<T>(runtime, options)
    const work = new LeaseWork<T>({ ...parts, ttlMs: () => parts.ttlMs(), dataStore })
    this.loads = dataStore.loads
    this.stores = dataStore.stores
    this.removes = dataStore.removes
    this.#runtime = runtime
    this.#read = new ReadThrough({ runtime, dataStore, work })
    this.#write = new WriteThrough({ runtime, dataStore })
    if (this.loads) runtime.loaders.set(namespace, work, dataStore.loadTimeoutMs)
  }

  get(key: Key): Promise<T | undefined> {
    return this.#read.get(key, this.#runtime.timeoutMs)
  }

  getAs(key: Key, options: GetOptions): Promise<T | undefined> {
    const { onMiss = this.loads ? 'load' : 'miss', timeout, signal } = options
    checkGetOptions(options)
    const timeoutMs = timeout === undefined ? this.#runtime.timeoutMs : parseDuration(timeout, 'A timeout')
    const read = (): Promise<T | undefined> =>
      onMiss === 'load'
        ? this.#read.get(key, timeoutMs)
        : (this.#runtime.requests.get(key.qualified, valueIn, timeoutMs) as Promise<T | undefined>)
    return signal === undefined ? read() : abortable(read, signal)
  }

  set(key: Key, value: NewValue<T>): Promise<void> {
    return this.#write.set(key, value)
  }

  delete(key: Key): Promise<boolean> {
    return this.#write.delete(key)
  }
}

function checkGetOptions({ onMiss, signal }: GetOptions): void {
  if (onMiss !== undefined && onMiss !== 'load' && onMiss !== 'miss')
    throw new CacheMeshError('ERR_INVALID_ARGUMENT', `onMiss is 'load' or 'miss', not ${String(onMiss)}`)
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw new CacheMeshError('ERR_INVALID_ARGUMENT', 'signal is an AbortSignal')
}
