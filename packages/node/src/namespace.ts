import type { Found, Located } from '@cachemesh/core'
import { alterationOf, CacheMeshError, hashKey } from '@cachemesh/protocol'
import { DataAccess } from './loading/data-access.ts'
import type { Fed, FedEntry } from './loading/fed-entry.ts'
import { Feed } from './loading/feed.ts'
import type { GetOptions } from './loading/get-options.ts'
import type { Key } from './loading/lease-work.ts'
import type { DataStoreOptions } from './loading/load.ts'
import { type Source, sourceOf } from './loading/source.ts'
import type { Duration } from './options/duration.ts'
import type { Runtime } from './runtime.ts'
import { checkOptions, NamespaceContext } from './writing/namespace-context.ts'
import { NamespaceWrites } from './writing/namespace-writes.ts'
import type { SetOptions } from './writing/set-options.ts'

/** How one namespace behaves in this process. */
export interface NamespaceOptions<T> extends DataStoreOptions<T> {
  /**
   * Time to live of entries that are set without one. Default: what the configuration says, or none. What `load` brings may
   * last up to a tenth shorter, each value by chance, so that what was loaded together does not end together.
   */
  readonly ttl?: Duration
  /**
   * Values of keys that this node owns are kept and handed out by reference in this process: no copy, nothing decoded
   * again. Who changes one changes it for all who got it, and for nobody beyond this process: it travels as it was when
   * it was set. A quarter of the node's memory is set aside for them. Default: every value is a copy.
   */
  readonly reference?: boolean
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
  /** Where it was: in this node's memory, as a copy held here or by one who shares the arc, or at another member. */
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
export class Namespace<T = unknown> extends NamespaceWrites<T> {
  readonly name: string
  readonly #runtime: Runtime
  readonly #context: NamespaceContext
  /** Undefined while nothing was said of a data store. */
  #data: DataAccess<T> | undefined
  /** By reference. */
  readonly #shares: boolean
  /** It has a loader. */
  readonly #loads: boolean

  /** @internal Made by {@link CacheMeshNode.namespace}. */
  constructor(runtime: Runtime, name: string, options: NamespaceOptions<T> = {}) {
    checkOptions(options)
    const context = new NamespaceContext(runtime, name, options.ttl)
    super(context)
    this.name = name
    this.#runtime = runtime
    this.#context = context
    const { reference = false } = options
    if (typeof reference !== 'boolean') {
      throw new CacheMeshError('ERR_INVALID_ARGUMENT', 'reference is true or false')
    }
    this.#shares = reference
    if (this.#shares) void runtime.requests.references
    const isPlain = Object.keys(options).every(option => option === 'ttl' || option === 'reference')
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
    const { requests } = this.#runtime
    try {
      if (options === undefined && !this.#shares && !this.#loads)
        return requests.value(this.#context.prefix(key)) as Promise<T | undefined>
      const qualified = this.#context.qualify(key)
      if (this.#shares) {
        const shared = requests.shared(qualified)
        if (shared !== undefined) return Promise.resolve(shared as T)
      }
      if (options !== undefined) return this.#getAs({ key, qualified }, options)
      if (this.#loads) return this.#readThrough(key, qualified)
      return requests.value(qualified) as Promise<T | undefined>
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /**
   * The value of a key out of this process's memory, at once: fresh, as by `get`. `undefined` when this node does not own
   * the key, or has nothing. It never asks anybody and never loads.
   *
   * @throws ERR_INVALID_KEY
   */
  peek(key: string): T | undefined {
    const { requests } = this.#runtime
    if (this.#shares) return requests.shared(this.#context.qualify(key)) as T | undefined
    return requests.peek(this.#context.prefix(key)) as T | undefined
  }

  /**
   * The value of a key, or where the caller finds it: the data stores of the namespace, by the configuration of the mesh.
   * It never loads. Throws as `get` does.
   */
  async find(key: string): Promise<Finding<T>> {
    const value = await this.get(key, { onMiss: 'miss' })
    return value === undefined ? { found: false, source: this.source } : { found: true, value }
  }

  /** Where its values come from, by the configuration of the mesh; undefined when that says nothing of it. */
  get source(): Source | undefined {
    return sourceOf(this.#runtime.core.configuration, this.name)
  }

  /**
   * Stores a value, by value: any that structured cloning takes, or bytes. Resolves when the owner has it. With a `store`
   * function the data store takes it first; when that fails the key is removed, and the call rejects with ERR_LOADER.
   *
   * @throws ERR_INVALID_KEY, ERR_INVALID_VALUE, ERR_INVALID_TTL, ERR_VALUE_TOO_LARGE, ERR_UNAVAILABLE,
   *   ERR_TIMEOUT, ERR_OVERLOADED, ERR_CLOSED
   */
  set(key: string, value: T, options?: SetOptions): Promise<void> {
    try {
      const isPlain = options?.tags === undefined && !this.#shares && !this.#data?.stores
      if (!isPlain) return this.#setAs(key, value, options)
      const qualified = this.#context.qualify(key)
      const ttlMs = this.#context.ttlMs(options)
      const { value: bytes, contentType } = this.#context.encodeView(value)
      return this.#runtime.requests.keep(qualified, { value: bytes, contentType, ttlMs })
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** With tags, by reference, or through a data store. */
  async #setAs(key: string, value: T, options: SetOptions = {}): Promise<void> {
    const qualified = this.#context.qualify(key)
    const ttlMs = this.#context.ttlMs(options)
    const tags = this.#context.slots(options)
    const encoded = this.#context.encode(value)
    const entry = { ...encoded, ttlMs }
    if (this.#data?.stores && tags.length > 0) {
      throw new CacheMeshError('ERR_INVALID_ARGUMENT', 'What a data store takes first cannot have tags')
    }
    if (this.#data?.stores) await this.#data.set({ key, qualified }, { value, encoded, ttlMs })
    else if (tags.length === 0) {
      const { version } = await this.#runtime.requests.set(qualified, entry)
      if (this.#shares) this.#runtime.requests.share(qualified, { version, value }, encoded.value.length)
    } else {
      const target = { key: qualified, hash: hashKey(qualified) }
      await this.#runtime.requests.alter(target, alterationOf('set', { entry, tags }))
    }
  }

  /**
   * Removes a key. Resolves to true when there was an entry. With a `remove` function the data store removes it first; the
   * entry goes also when that fails, and the call rejects with ERR_LOADER.
   *
   * @throws ERR_INVALID_KEY, ERR_UNAVAILABLE, ERR_TIMEOUT, ERR_OVERLOADED, ERR_CLOSED
   */
  async delete(key: string): Promise<boolean> {
    const qualified = this.#context.qualify(key)
    if (this.#data?.removes) return this.#data.delete({ key, qualified })
    const { existed } = await this.#runtime.requests.delete(qualified)
    return existed
  }

  /**
   * The entry of a key as bytes. It loads only when asked to (`onMiss: 'load'`), and then answers with what the mesh has
   * afterwards: nothing, when nobody who may keep it could be reached. Throws as `get` does.
   */
  async getEntry(key: string, options?: GetOptions): Promise<RawEntry | undefined> {
    const qualified = this.#context.qualify(key)
    let entry = await this.#runtime.requests.get(qualified, copy)
    if (entry === undefined && options?.onMiss === 'load') {
      if ((await this.get(key, options)) === undefined) return undefined
      entry = await this.#runtime.requests.get(qualified, copy)
    }
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
    if (!(value instanceof Uint8Array)) {
      throw new CacheMeshError('ERR_INVALID_VALUE', 'setEntry takes bytes; set takes any value')
    }
    const { ttl, tags, contentType } = options
    const said = {
      ...(ttl !== undefined && { ttl }),
      ...(tags && { tags }),
      ...(contentType !== undefined && { contentType }),
    }
    const { version = 0 } = await this.putEntry(key, value, said)
    return version
  }

  /** Who is responsible for a key, by this node's view of the mesh. Throws ERR_INVALID_KEY. */
  route(key: string): RouteView {
    const { owner, replicas } = this.#locate(this.#context.qualify(key))
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
      qualify: key => this.#context.qualify(key),
      checkSize: value => this.#context.checkSize(value),
      ttlMs: () => this.#context.ttlMs(),
    })
  }

  #readThrough(key: string, qualified: string): Promise<T | undefined> {
    const value = this.#runtime.requests.fresh(qualified)
    if (value !== undefined) return Promise.resolve(value as T)
    return (this.#data as DataAccess<T>).get({ key, qualified })
  }

  async #getAs(key: Key, options: GetOptions): Promise<T | undefined> {
    checkOptions(options)
    this.#data ??= this.#access({})
    return this.#data.getAs(key, options)
  }

  #access(options: DataStoreOptions<T>): DataAccess<T> {
    return new DataAccess(
      { runtime: this.#runtime, namespace: this.name, ttlMs: () => this.#context.ttlMs() },
      options,
    )
  }

  #locate(qualified: string): Located {
    return this.#runtime.core.placement.locate(qualified)
  }
}

function copy(found: Found | undefined): Found | undefined {
  return found && { ...found, value: new Uint8Array(found.value) }
}
