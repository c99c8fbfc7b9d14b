import { CacheMeshError } from '@cachemesh/protocol'
import { type Duration, parseDuration } from '../options/duration.ts'
import type { Runtime } from '../runtime.ts'
import { monotonic } from '../time.ts'
import type { DataStoreOptions, LoadContext } from './load.ts'

const LOAD_TIMEOUT_MS = 10_000

/** What the options of a namespace say of its data store, checked, and its functions within their time. */
export class DataStore<T> {
  readonly negativeTtlMs: number
  readonly staleForMs: number
  readonly waitForFreshMs: number
  readonly loadTimeoutMs: number
  readonly #options: DataStoreOptions<T>
  readonly #runtime: Runtime

  /** Throws ERR_INVALID_ARGUMENT, ERR_INVALID_TTL. */
  constructor(runtime: Runtime, options: DataStoreOptions<T>) {
    for (const name of ['load', 'store', 'remove'] as const) {
      if (options[name] !== undefined && typeof options[name] !== 'function') {
        throw new CacheMeshError('ERR_INVALID_ARGUMENT', `${name} is a function of a key`)
      }
    }
    this.#runtime = runtime
    this.#options = options
    this.negativeTtlMs = optionalMs(options.negativeTtl, 0)
    this.staleForMs = optionalMs(options.staleFor, 0)
    this.waitForFreshMs = optionalMs(options.waitForFresh, 0)
    this.loadTimeoutMs = optionalMs(options.loadTimeout, LOAD_TIMEOUT_MS)
  }

  get loads(): boolean {
    return this.#options.load !== undefined
  }

  get stores(): boolean {
    return this.#options.store !== undefined
  }

  get removes(): boolean {
    return this.#options.remove !== undefined
  }

  /** What the data store has. Never rejects. */
  async load(key: string, ms: number): Promise<FromStore<T>> {
    const startedAt = monotonic()
    const { load } = this.#options
    const result = await this.#within('Loading', { key, ms }, async context => load?.(key, context))
    return { ...result, costMs: Math.round(monotonic() - startedAt) }
  }

  /** Rejects with ERR_LOADER, ERR_CLOSED. */
  async store(key: string, value: T): Promise<void> {
    const { store } = this.#options
    const ms = this.loadTimeoutMs
    const { error } = await this.#within('Storing', { key, ms }, async it => store?.(key, value, it))
    if (error) throw error
  }

  /** Rejects with ERR_LOADER, ERR_CLOSED. */
  async remove(key: string): Promise<void> {
    const { remove } = this.#options
    const ms = this.loadTimeoutMs
    const { error } = await this.#within('Removing', { key, ms }, async it => remove?.(key, it))
    if (error) throw error
  }

  async #within<R>(
    what: string,
    { key, ms }: { readonly key: string; readonly ms: number },
    work: (context: LoadContext) => Promise<R>,
  ): Promise<Result<R>> {
    const controller = new AbortController()
    let gaveUp = false
    const late = (): Error => {
      gaveUp = true
      return new CacheMeshError('ERR_TIMEOUT', `it did not end within ${ms} ms`)
    }
    try {
      const value = await this.#runtime.deadlines.within(work({ signal: controller.signal }), { ms, late })
      return { value, error: undefined, gaveUp }
    } catch (cause) {
      controller.abort(cause)
      if (this.#runtime.requests.closed) return { value: undefined, error: asClosed(cause), gaveUp: true }
      const reason = cause instanceof Error ? cause.message : String(cause)
      const message = `${what} key ${JSON.stringify(key)} failed: ${reason}`
      return { value: undefined, error: new CacheMeshError('ERR_LOADER', message, { cause }), gaveUp }
    }
  }
}

interface Result<R> {
  readonly value: R | undefined
  readonly error: CacheMeshError | undefined
  /** It took too long: nothing is known of the data store. */
  readonly gaveUp: boolean
}

/** What came of a load; `undefined` is a value that the data store does not have, unless there is an error. */
export interface FromStore<T> extends Result<T> {
  /** How long it took, ms. */
  readonly costMs: number
}

function asClosed(cause: unknown): CacheMeshError {
  return cause instanceof CacheMeshError ? cause : new CacheMeshError('ERR_CLOSED', 'The node is closed')
}

function optionalMs(duration: Duration | undefined, otherwise: number): number {
  if (duration === undefined) return otherwise
  return duration === 0 ? 0 : parseDuration(duration, 'A duration')
}
