import { checkSize, type Found, type Located } from '@cachemesh/core'
import {
  BYTES,
  CacheMeshError,
  decodeValue,
  type EncodedValue,
  encodeValue,
  keyPrefix,
  LIMITS,
  qualifyKey,
  STRUCTURED,
} from '@cachemesh/protocol'
import { type Duration, parseDuration } from './options/duration.ts'
import { copyOf } from './requests/copy.ts'
import type { Runtime } from './runtime.ts'
import { monotonic } from './time.ts'

/** How one namespace behaves in this process. */
export interface NamespaceOptions<T> {
  /** Time to live of entries that are set without one. Default: what the configuration says, or none. */
  readonly ttl?: Duration
  /**
   * Fetches a value that is not in the mesh, from a database for example. `undefined` says that there is
   * none; it is not cached. Called once for all callers of this process that wait for one key.
   */
  readonly load?: (key: string) => Promise<T | undefined> | T | undefined
}

export interface SetOptions {
  /** Time to live, ms or a text such as `'5m'`. Default: the namespace's. */
  readonly ttl?: Duration
}

/** An entry as bytes, with what is known of it. */
export interface RawEntry {
  /** A copy: it may be changed. It may lie in a larger ArrayBuffer, as a Buffer does. */
  readonly value: Uint8Array
  /** Media type, or `''` for a structured value (MessagePack). */
  readonly contentType: string
  /** Rises with every write of the key. */
  readonly version: number
  /** Time to live that remains, ms; 0: no expiry. */
  readonly ttlMs: number
  readonly served: 'local' | 'copy' | 'forwarded'
  /** Id of the member that owns the key. */
  readonly owner: string
}

export interface RouteView {
  /** Id of the member that owns the key; undefined while no member is active. */
  readonly owner: string | undefined
  /** Ids of the members that hold further copies. */
  readonly replicas: readonly string[]
  /** This node is the owner. */
  readonly local: boolean
}

/** The keys of one namespace. All methods may be called on any node of the mesh, for any key. */
export class Namespace<T = unknown> {
  readonly name: string
  readonly #runtime: Runtime
  readonly #prefix: string
  readonly #ttlMs: number | undefined
  readonly #load: NamespaceOptions<T>['load']
  readonly #loading = new Map<string, Promise<Loaded>>()

  /** @internal Made by {@link CacheMeshNode.namespace}. */
  constructor(runtime: Runtime, name: string, options: NamespaceOptions<T> = {}) {
    checkOptions(options)
    this.name = name
    this.#runtime = runtime
    this.#prefix = keyPrefix(name)
    this.#ttlMs = options.ttl === undefined ? undefined : parseDuration(options.ttl)
    this.#load = options.load
  }

  /**
   * The value of a key, fresh: changing it changes nothing in the cache. `undefined` when there is none (and
   * the loader has none). Bytes may lie in a larger ArrayBuffer, as those of a Buffer do.
   *
   * @throws ERR_INVALID_KEY, ERR_UNAVAILABLE, ERR_TIMEOUT, ERR_OVERLOADED, ERR_LOADER, ERR_CLOSED
   */
  get(key: string): Promise<T | undefined> {
    let qualified: string
    try {
      qualified = qualifyKey(this.#prefix, key)
    } catch (error) {
      return Promise.reject(error)
    }
    if (this.#load !== undefined) return this.#readThrough(key, qualified)
    return this.#runtime.requests.get(qualified, decode) as Promise<T | undefined>
  }

  /**
   * Stores a value, by value: any that structured cloning takes, or bytes. Resolves when the owner has it.
   *
   * @throws ERR_INVALID_KEY, ERR_INVALID_VALUE, ERR_INVALID_TTL, ERR_VALUE_TOO_LARGE, ERR_UNAVAILABLE,
   *   ERR_TIMEOUT, ERR_OVERLOADED, ERR_CLOSED
   */
  async set(key: string, value: T, options: SetOptions = {}): Promise<void> {
    const qualified = qualifyKey(this.#prefix, key)
    const ttlMs = this.#ttl(options)
    const encoded = encodeValue(value)
    this.#checkSize(encoded.value)
    await this.#runtime.requests.set(qualified, { ...encoded, ttlMs })
  }

  /**
   * Removes a key. Resolves to true when there was an entry.
   *
   * @throws ERR_INVALID_KEY, ERR_UNAVAILABLE, ERR_TIMEOUT, ERR_OVERLOADED, ERR_CLOSED
   */
  async delete(key: string): Promise<boolean> {
    const { existed } = await this.#runtime.requests.delete(qualifyKey(this.#prefix, key))
    return existed
  }

  /** The entry of a key as bytes, without the loader. Throws as `get` does. */
  async getEntry(key: string): Promise<RawEntry | undefined> {
    const qualified = qualifyKey(this.#prefix, key)
    const entry = await this.#runtime.requests.get(qualified, copy)
    if (entry === undefined) return undefined
    const { value, contentType, version, ttlMs, served, by } = entry
    return { value, contentType, version, ttlMs, served, owner: this.#locate(qualified).owner ?? by }
  }

  /** Stores bytes with their media type. Resolves to the version of the write. Throws as `set` does. */
  async setEntry(
    key: string,
    value: Uint8Array,
    options: SetOptions & { contentType?: string } = {},
  ): Promise<number> {
    const qualified = qualifyKey(this.#prefix, key)
    const ttlMs = this.#ttl(options)
    const contentType: unknown = options.contentType ?? BYTES
    if (!(value instanceof Uint8Array)) {
      throw new CacheMeshError('ERR_INVALID_VALUE', 'setEntry takes bytes; set takes any value')
    }
    if (
      typeof contentType !== 'string' ||
      contentType === '' ||
      Buffer.byteLength(contentType) > LIMITS.contentTypeBytesMax
    ) {
      throw new CacheMeshError(
        'ERR_INVALID_ARGUMENT',
        `A content type has 1 to ${LIMITS.contentTypeBytesMax} bytes`,
      )
    }
    this.#checkSize(value)
    const encoded = encodeValue(value)
    const written = await this.#runtime.requests.set(qualified, {
      ...encoded,
      contentType,
      ttlMs,
    })
    return written.version
  }

  /** Who is responsible for a key, by this node's view of the mesh. Throws ERR_INVALID_KEY. */
  route(key: string): RouteView {
    const { owner, replicas } = this.#locate(qualifyKey(this.#prefix, key))
    return { owner, replicas, local: owner === this.#runtime.core.id }
  }

  #locate(qualified: string): Located {
    return this.#runtime.core.placement.locate(qualified)
  }

  #ttl(options: SetOptions): number {
    checkOptions(options)
    if (options.ttl !== undefined) return parseDuration(options.ttl)
    return this.#ttlMs ?? this.#runtime.core.settings.in(this.name, 'ttlMs')
  }

  async #store(qualified: string, encoded: EncodedValue): Promise<void> {
    this.#checkSize(encoded.value)
    await this.#runtime.requests.set(qualified, { ...encoded, ttlMs: this.#ttl({}) })
  }

  #checkSize(value: Uint8Array): void {
    checkSize(this.#runtime.core.settings, this.name, value.length)
  }

  async #readThrough(key: string, qualified: string): Promise<T | undefined> {
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
        value: decode(found) as T | undefined,
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
      value = await this.#load?.(key)
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

type Loaded = { readonly value: Uint8Array; readonly contentType: string } | undefined

function decode(found: Found | undefined): unknown {
  if (found === undefined) return undefined
  const { value, contentType } = found
  return contentType === STRUCTURED ? decodeValue(value, contentType) : copyOf(value)
}

function copy(found: Found | undefined): Found | undefined {
  return found && { ...found, value: new Uint8Array(found.value) }
}

function checkOptions(options: unknown): void {
  if (typeof options === 'object' && options !== null) return
  throw new CacheMeshError('ERR_INVALID_ARGUMENT', `Options are an object, not ${String(options)}`)
}
