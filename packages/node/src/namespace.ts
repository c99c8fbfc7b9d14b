import { checkSize, type Found, type Located } from '@cachemesh/core'
import { BYTES, CacheMeshError, encodeValue, keyPrefix, LIMITS, qualifyKey } from '@cachemesh/protocol'
import { DataAccess, type GetOptions } from './loading/data-access.ts'
import { type Fed, type FedEntry, Feed } from './loading/feed.ts'
import type { Key } from './loading/lease-work.ts'
import type { DataStoreOptions } from './loading/load.ts'
import { type Source, sourceOf } from './loading/source.ts'
import { type Duration, parseDuration } from './options/duration.ts'
import { valueIn } from './requests/found-value.ts'
import type { Runtime } from './runtime.ts'

/** How one namespace behaves in this process. */
export interface NamespaceOptions<T> extends DataStoreOptions<T> {
  /** Time to live of entries that are set without one. Default: what the configuration says, or none. */
  readonly ttl?: Duration
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

/** What the mesh has of a key, or who has it. */
export type Finding<T> =
  | { readonly found: true; readonly value: T }
  /** `source` is undefined when the configuration says nothing of a data store for the namespace. */
  | { readonly found: false; readonly source: Source | undefined }

/** The keys of one namespace. All methods may be called on any node of the mesh, for any key. */
export class Namespace<T = unknown> {
  readonly name: string
  readonly #runtime: Runtime
  readonly #prefix: string
  readonly #ttlMs: number | undefined
  /** Undefined while nothing was said of a data store. */
  #data: DataAccess<T> | undefined
  /** It has a loader. */
  readonly #loads: boolean

  /** @internal Made by {@link CacheMeshNode.namespace}. */
  constructor(runtime: Runtime, name: string, options: NamespaceOptions<T> = {}) {
    checkOptions(options)
    this.name = name
    this.#runtime = runtime
    this.#prefix = keyPrefix(name)
    this.#ttlMs = options.ttl === undefined ? undefined : parseDuration(options.ttl)
    const isPlain = Object.keys(options).every(option => option === 'ttl')
    this.#data = isPlain ? undefined : this.#access(options)
    this.#loads = this.#data?.loads ?? false
  }

  /**
   * The value of a key, fresh: changing it changes nothing in the cache. `undefined` when there is none (and
   * the loader has none). Bytes may lie in a larger ArrayBuffer, as those of a Buffer do.
   *
   * @throws ERR_INVALID_KEY, ERR_UNAVAILABLE, ERR_TIMEOUT, ERR_OVERLOADED, ERR_LOADER, ERR_CLOSED; with options
   *   ERR_INVALID_ARGUMENT, ERR_INVALID_TTL, and the reason of the signal
   */
  get(key: string, options?: GetOptions): Promise<T | undefined> {
    let qualified: string
    try {
      qualified = qualifyKey(this.#prefix, key)
    } catch (error) {
      return Promise.reject(error)
    }
    if (options !== undefined) return this.#getAs({ key, qualified }, options)
    if (this.#loads) return (this.#data as DataAccess<T>).get({ key, qualified })
    return this.#runtime.requests.get(qualified, valueIn) as Promise<T | undefined>
  }

  /**
   * The value of a key, or where the caller finds it: the data stores of the namespace, by the configuration of the mesh.
   * It never loads. Throws as `get` does.
   */
  async find(key: string): Promise<Finding<T>> {
    const value = await this.get(key, { onMiss: 'miss' })
    if (value !== undefined) return { found: true, value }
    return { found: false, source: sourceOf(this.#runtime.core.configuration, this.name) }
  }

  /**
   * Stores a value, by value: any that structured cloning takes, or bytes. Resolves when the owner has it. With a `store`
   * function the data store takes it first; when that fails the key is removed, and the call rejects with ERR_LOADER.
   *
   * @throws ERR_INVALID_KEY, ERR_INVALID_VALUE, ERR_INVALID_TTL, ERR_VALUE_TOO_LARGE, ERR_UNAVAILABLE,
   *   ERR_TIMEOUT, ERR_OVERLOADED, ERR_CLOSED
   */
  async set(key: string, value: T, options: SetOptions = {}): Promise<void> {
    const qualified = qualifyKey(this.#prefix, key)
    const ttlMs = this.#ttl(options)
    const encoded = encodeValue(value)
    this.#checkSize(encoded.value)
    if (this.#data?.stores) await this.#data.set({ key, qualified }, { value, encoded, ttlMs })
    else await this.#runtime.requests.set(qualified, { ...encoded, ttlMs })
  }

  /**
   * Removes a key. Resolves to true when there was an entry. With a `remove` function the data store removes it first; the
   * entry goes also when that fails, and the call rejects with ERR_LOADER.
   *
   * @throws ERR_INVALID_KEY, ERR_UNAVAILABLE, ERR_TIMEOUT, ERR_OVERLOADED, ERR_CLOSED
   */
  async delete(key: string): Promise<boolean> {
    const qualified = qualifyKey(this.#prefix, key)
    if (this.#data?.removes) return this.#data.delete({ key, qualified })
    const { existed } = await this.#runtime.requests.delete(qualified)
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

  /**
   * Takes what a change feed of the data store tells: keys that have changed there. Their entries are removed, and loads
   * that are under way bring nothing back any more. Unlike `delete` it never calls `remove`.
   *
   * @throws as `delete` does; then some of the keys may have been removed
   */
  invalidate(keys: Iterable<string>): Promise<void> {
    return this.#feed.invalidate(keys)
  }

  /**
   * Takes what a change feed of the data store tells: keys and what they are now, each with the order that the data
   * store gives to the changes of a key. A change that is not later than what was told before is passed over. In the place
   * of a value that was loaded or set, of which nobody knows whether it is later, nothing is put: it is removed.
   *
   * @throws ERR_INVALID_ARGUMENT for an order that is none, otherwise as `set` does; then some may have been kept
   */
  fill(entries: Iterable<FedEntry<T>>): Promise<Fed> {
    return this.#feed.fill(entries)
  }

  get #feed(): Feed<T> {
    return new Feed({
      runtime: this.#runtime,
      qualify: key => qualifyKey(this.#prefix, key),
      checkSize: value => this.#checkSize(value),
      ttlMs: () => this.#ttl({}),
    })
  }

  async #getAs(key: Key, options: GetOptions): Promise<T | undefined> {
    checkOptions(options)
    this.#data ??= this.#access({})
    return this.#data.getAs(key, options)
  }

  #access(options: DataStoreOptions<T>): DataAccess<T> {
    return new DataAccess(
      { runtime: this.#runtime, namespace: this.name, ttlMs: () => this.#ttl({}) },
      options,
    )
  }

  #locate(qualified: string): Located {
    return this.#runtime.core.placement.locate(qualified)
  }

  #ttl(options: SetOptions): number {
    checkOptions(options)
    if (options.ttl !== undefined) return parseDuration(options.ttl)
    return this.#ttlMs ?? this.#runtime.core.settings.in(this.name, 'ttlMs')
  }

  #checkSize(value: Uint8Array): void {
    checkSize(this.#runtime.core.settings, this.name, value.length)
  }
}

function copy(found: Found | undefined): Found | undefined {
  return found && { ...found, value: new Uint8Array(found.value) }
}

function checkOptions(options: unknown): void {
  if (typeof options === 'object' && options !== null) return
  throw new CacheMeshError('ERR_INVALID_ARGUMENT', `Options are an object, not ${String(options)}`)
}
