import type { Answer, WriteResult as CoreResult } from '@cachemesh/core'
import {
  type Alteration,
  alterationOf,
  BYTES,
  CacheMeshError,
  decodeValue,
  type EntryBody,
  encodeValue,
  hashKey,
  LIMITS,
  type OperationName,
  tagSlot,
} from '@cachemesh/protocol'
import type { Duration } from '../options/duration.ts'
import { Batches } from './batches.ts'
import { checkContentType, checkOptions, type NamespaceContext } from './namespace-context.ts'
import {
  type CountResult,
  countOf,
  type Erased,
  resultOf,
  type Settled,
  type WriteResult,
} from './results.ts'
import type { SetOptions } from './set-options.ts'

export interface CountOptions extends SetOptions {
  /** What a counter begins with that is not there, 0 to 2^64 - 1. Default: none, it has to be there. */
  readonly initial?: number | bigint
}

export interface PutEntryOptions extends SetOptions {
  /** Media type. Default: `application/octet-stream`. */
  readonly contentType?: string
  /** What has to be there: nothing, anything, or the entry of this version. Default: it does not matter. */
  readonly onlyIf?: 'absent' | 'present' | { readonly version: number }
}

/** A value, and what is known of its entry. */
export interface Versioned<T> {
  readonly value: T
  /** What `compareAndSet` compares with. */
  readonly version: number
  /** Time to live that remains, ms; 0: no expiry. */
  readonly ttlMs: number
}

/**
 * Writes of a namespace that hang on what is there, or concern more than one key. The owner of a key carries each of
 * them out as a whole, one after the other. None of them calls the `store` or `remove` of a data store.
 *
 * All throw ERR_INVALID_KEY, ERR_INVALID_ARGUMENT, ERR_UNAVAILABLE, ERR_TIMEOUT, ERR_OVERLOADED, ERR_CLOSED; those that
 * take a value ERR_INVALID_VALUE, ERR_INVALID_TTL, ERR_VALUE_TOO_LARGE as well. After ERR_TIMEOUT the write may have
 * taken effect: a condition that does not hold when it is tried again may be one's own work.
 */
export abstract class NamespaceWrites<T> {
  readonly #context: NamespaceContext

  /** @internal */
  constructor(context: NamespaceContext) {
    this.#context = context
  }

  /** The value of a key with its version, without the loader: what a `compareAndSet` begins with. */
  async getVersioned(key: string): Promise<Versioned<T> | undefined> {
    return this.#context.runtime.requests.get(this.#context.qualify(key), found => {
      if (found === undefined) return undefined
      const { version, ttlMs, contentType } = found
      return { value: decodeValue(found.value, contentType) as T, version, ttlMs }
    })
  }

  /** Stores a value where there is none. `reason: 'exists'` when there is. */
  async add(key: string, value: T, options: SetOptions = {}): Promise<WriteResult> {
    return resultOf(await this.#put('add', key, this.#written(value, options)))
  }

  /** Stores a value where there is one. `reason: 'not-found'` when there is none. */
  async replace(key: string, value: T, options: SetOptions = {}): Promise<WriteResult> {
    return resultOf(await this.#put('replace', key, this.#written(value, options)))
  }

  /**
   * Stores a value if nobody has written the key since it had this version. `reason: 'conflict'` when somebody has, with
   * the version that is there now; `'not-found'` when there is none.
   *
   * @example
   * const found = await carts.getVersioned('42')
   * if (found) await carts.compareAndSet('42', { ...found.value, total: 7 }, found.version)
   */
  async compareAndSet(
    key: string,
    value: T,
    version: number,
    options: SetOptions = {},
  ): Promise<WriteResult> {
    const expected = checkVersion(version)
    return resultOf(await this.#put('set', key, { ...this.#written(value, options), expected }))
  }

  /** Removes a key if nobody has written it since it had this version. Otherwise as `compareAndSet`. */
  async compareAndDelete(key: string, version: number): Promise<WriteResult> {
    return resultOf(await this.#put('delete', key, { expected: checkVersion(version) }))
  }

  /**
   * Adds to the end of a text or of bytes, which keep their time to live and tags. `reason: 'not-found'` when there is
   * nothing to add to.
   *
   * @throws ERR_WRONG_TYPE: a text grows by texts, bytes by bytes, and nothing else grows
   */
  async append(key: string, value: string | Uint8Array): Promise<WriteResult> {
    return resultOf(await this.#put('append', key, this.#added(value)))
  }

  /** Adds to the beginning. Otherwise as `append`. */
  async prepend(key: string, value: string | Uint8Array): Promise<WriteResult> {
    return resultOf(await this.#put('prepend', key, this.#added(value)))
  }

  /**
   * Adds to a counter: a whole number from 0 to 2^64 - 1, or a text of its digits. Above that it goes on from 0. A counter
   * that is not there begins with `initial`, to which nothing is added.
   *
   * @param by 0 to 2^64 - 1
   * @throws ERR_WRONG_TYPE when what is there is no counter
   */
  async increment(key: string, by: number | bigint = 1, options: CountOptions = {}): Promise<CountResult> {
    return this.#count('increment', key, { by, options })
  }

  /** Takes from a counter, which stops at 0. Otherwise as `increment`. */
  async decrement(key: string, by: number | bigint = 1, options: CountOptions = {}): Promise<CountResult> {
    return this.#count('decrement', key, { by, options })
  }

  /** Gives an entry a new time to live: that of `set` when none is said. `reason: 'not-found'` when there is none. */
  async touch(key: string, options: { readonly ttl?: Duration } = {}): Promise<WriteResult> {
    const entry = { ttlMs: this.#context.ttlMs(options) }
    return resultOf(await this.#put('touch', key, { entry }))
  }

  /** The value of a key, without the loader, and a new time to live for it. `undefined` when there is none. */
  async getAndTouch(key: string, options: { readonly ttl?: Duration } = {}): Promise<T | undefined> {
    const { entry } = await this.#put('get-and-touch', key, {
      entry: { ttlMs: this.#context.ttlMs(options) },
    })
    return entry && (decodeValue(entry.value, entry.contentType) as T)
  }

  /** Stores bytes with their media type, if what is there is as it has to be. */
  async putEntry(key: string, value: Uint8Array, options: PutEntryOptions = {}): Promise<WriteResult> {
    const { onlyIf } = options
    const ttlMs = this.#context.ttlMs(options)
    const contentType = checkContentType(options.contentType ?? BYTES)
    this.#context.checkSize(value)
    const entry = { ...encodeValue(value), contentType, ttlMs }
    const said = { entry, tags: this.#context.slots(options) }
    if (onlyIf === 'absent') return resultOf(await this.#put('add', key, said))
    if (onlyIf === 'present') return resultOf(await this.#put('replace', key, said))
    const expected = onlyIf === undefined ? 0 : checkVersion(onlyIf.version)
    return resultOf(await this.#put('set', key, { ...said, expected }))
  }

  /**
   * The values of many keys, without the loader. Each key has its own end: one that cannot be had leaves the others
   * alone. Keys of one owner travel in one frame. The call itself never rejects for a key.
   */
  async getMany(keys: Iterable<string>): Promise<Map<string, Settled<T | undefined>>> {
    return new Batches<T>(this.#context).get(keys)
  }

  /** Stores many values. Otherwise as `getMany`; of a key that is given twice the last value is stored. */
  async setMany(
    entries: Iterable<readonly [key: string, value: T]>,
    options: SetOptions = {},
  ): Promise<Map<string, Settled<WriteResult>>> {
    return new Batches<T>(this.#context).set(entries, options)
  }

  /** Removes many keys: `true` for those of which there was an entry. Otherwise as `getMany`. */
  async deleteMany(keys: Iterable<string>): Promise<Map<string, Settled<boolean>>> {
    return new Batches<T>(this.#context).delete(keys)
  }

  /**
   * Removes all entries of the namespace, on all nodes, in the same short time whatever their number. At this node it holds
   * when this resolves, and at those that have confirmed it; at others as soon as they hear of it. Nodes that are cut
   * off, or start later, hear of it with the configuration of the mesh: what was there does not come back.
   *
   * @throws ERR_MESH_DESTROYED, ERR_CLOSED
   */
  clear(): Promise<Erased> {
    return this.#erase(undefined)
  }

  /**
   * Removes all entries of the namespace that were stored with this tag, or one of these. Otherwise as `clear`. Tags share
   * 2,048 slots: now and then entries of another tag go too, which for a cache is a miss. Every call is a change of
   * the configuration: it is meant for some a second, not for thousands.
   */
  async deleteByTag(tags: string | readonly string[]): Promise<Erased> {
    const list = typeof tags === 'string' ? [tags] : tags
    if (list.length === 0) return { peers: 0, confirmed: 0 }
    return this.#erase([...new Set(list.map(tag => tagSlot(this.#context.name, tag)))])
  }

  async #erase(slots: readonly number[] | undefined): Promise<Erased> {
    const { runtime, name: namespace } = this.#context
    const erasure = { namespace, ...(slots && { slots }) }
    const answer = await runtime.operate({ kind: 'erase', erasure })
    if (answer.kind !== 'done') throw refusal(answer)
    const told = await runtime.operate({ kind: 'propagate' })
    if (told.kind !== 'propagated') throw refusal(told)
    return { peers: told.peers, confirmed: told.confirmed }
  }

  #put(
    operation: OperationName,
    key: string,
    said: Partial<Omit<Alteration, 'entry'>> & { readonly entry?: Partial<EntryBody> },
  ): Promise<CoreResult> {
    const qualified = this.#context.qualify(key)
    const alteration = alterationOf(operation, said)
    const { requests } = this.#context.runtime
    const { entry, expected, tags } = alteration
    // The shorter frame.
    if (operation === 'set' && expected === 0 && tags.length === 0) return requests.set(qualified, entry)
    return requests.alter({ key: qualified, hash: hashKey(qualified) }, alteration)
  }

  #written(value: T, options: SetOptions): { readonly entry: EntryBody; readonly tags: readonly number[] } {
    const ttlMs = this.#context.ttlMs(options)
    return { entry: { ...this.#context.encode(value), ttlMs }, tags: this.#context.slots(options) }
  }

  #added(value: string | Uint8Array): { readonly entry: Partial<EntryBody> } {
    if (typeof value === 'string' || value instanceof Uint8Array)
      return { entry: this.#context.encode(value) }
    throw new CacheMeshError('ERR_INVALID_VALUE', 'Only texts and bytes can be added to what is there')
  }

  async #count(
    operation: 'increment' | 'decrement',
    key: string,
    { by, options }: { readonly by: number | bigint; readonly options: CountOptions },
  ): Promise<CountResult> {
    checkOptions(options)
    const initial = options.initial === undefined ? undefined : whole(options.initial)
    const entry = { ttlMs: this.#context.ttlMs(options) }
    const tags = this.#context.slots(options)
    return countOf(await this.#put(operation, key, { by: whole(by), initial, entry, tags }))
  }
}

function whole(number: number | bigint): bigint {
  if (typeof number === 'bigint') return number
  if (Number.isSafeInteger(number)) return BigInt(number)
  throw new CacheMeshError(
    'ERR_INVALID_ARGUMENT',
    `A counter moves by whole numbers, not by ${String(number)}`,
  )
}

function checkVersion(version: number): number {
  if (Number.isSafeInteger(version) && version > 0 && version <= LIMITS.serialMax) return version
  throw new CacheMeshError('ERR_INVALID_ARGUMENT', `${String(version)} is not the version of an entry`)
}

function refusal(answer: Answer): CacheMeshError {
  if (answer.kind === 'refused') return answer.error
  return new CacheMeshError('ERR_INTERNAL', `An operation was answered as ${answer.kind}`)
}
