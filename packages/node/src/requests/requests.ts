// Requests of this process's own program: promises and clocks around the calls of the core.

import {
  type Call,
  type Calls,
  dispatchTogether,
  executeWrite,
  type Found,
  foundCopyAt,
  foundHere,
  type Instant,
  type KeyRequest,
  LoadCall,
  type Loaded,
  Lookup,
  type NodeCore,
  OwnFill,
  OwnWrite,
  type ReadStats,
  type WriteResult,
  type Written,
} from '@cachemesh/core'
import {
  type Alteration,
  type CacheMeshError,
  type EntryBody,
  type FillBody,
  hashKey,
  hashQualified,
  type LeaseBody,
  type LoadWish,
} from '@cachemesh/protocol'
import { instant, Moment, monotonic, present } from '../time.ts'
import { valueAt, valueIn } from './found-value.ts'
import { References } from './references.ts'
import type { Sweeps } from './sweeps.ts'

/** Of the memory, once a namespace wants references. */
const REFERENCES_SHARE = 0.25

/** Asked for at every call: the mesh may change it at any time. */
export interface CallLimits {
  readonly timeoutMs: number
}

export interface LoadOptions<T> {
  readonly wish: LoadWish
  /** Monotonic ms. */
  readonly deadline: number
  readonly take: (loaded: Loaded) => T
}

/** What calls that are made together have in common. */
export interface TogetherParts {
  readonly node: NodeCore
  /** Monotonic ms. */
  readonly askedAt: number
  readonly deadline: number
}

export interface RequestsParts {
  readonly core: NodeCore
  readonly calls: Calls
  readonly sweeps: Sweeps
  readonly limits: CallLimits
}

export class Requests {
  readonly #core: NodeCore
  readonly #calls: Calls
  readonly #sweeps: Sweeps
  readonly #limits: CallLimits
  /** When the call that is being made was made. */
  readonly #moment = new Moment()
  #references: References | undefined

  constructor({ core, calls, sweeps, limits }: RequestsParts) {
    this.#core = core
    this.#calls = calls
    this.#sweeps = sweeps
    this.#limits = limits
  }

  /** The node is closed, or closing. */
  get closed(): boolean {
    return this.#calls.closed
  }

  /** Reads that others than the owners of their keys were asked for. */
  get reads(): ReadStats {
    return this.#calls.readStats
  }

  /** Whether this node refuses requests of others, for it has too much to do, and how many it has refused. */
  get overload(): { readonly refuses: boolean; readonly refused: number } {
    const { refuses, refused } = this.#core.pressure
    return { refuses, refused }
  }

  /** The value of a qualified key, fresh. Throws ERR_INVALID_KEY (`hashQualified`), and what a damaged value does. */
  value(key: string): Promise<unknown> {
    const hash = hashQualified(key)
    // The usual case of a key of one's own costs no call, no timer and no frame.
    if (this.#owns(hash, key) && !this.#core.replication.cold) return Promise.resolve(this.#own(key, hash))
    const address = this.#seekCopy(key, hash)
    if (address !== 0) return Promise.resolve(valueAt(this.#core.store.blocks, address))
    return this.#look({ key, hash }, valueIn)
  }

  /** Likewise out of this node's own memory: of one that it owns, or of a copy. */
  peek(key: string): unknown {
    const hash = hashQualified(key)
    if (!this.#owns(hash, key)) return valueIn(this.#copy(key, hash))
    return this.#isProven ? this.#own(key, hash) : undefined
  }

  /** As `peek`, by reference; of what is stale nothing. */
  shared(key: string): unknown {
    const hash = hashKey(key)
    if (!this.#owns(hash, key) || !this.#isProven) return undefined
    const { store } = this.#core
    const address = store.seek(key, hash, present)
    if (address === 0) return undefined
    const { blocks } = store
    const staleAt = blocks.staleAt(address)
    if (staleAt !== Number.POSITIVE_INFINITY && staleAt <= monotonic()) return undefined
    const version = store.owned.versionOf(address)
    const known = this.references.get(key, version)
    if (known !== undefined) return known.value
    const value = valueAt(blocks, address)
    this.references.keep(key, { version, value }, blocks.valueOf(address).length)
    return value
  }

  /** A value of the program's own was written under a version. */
  share(
    key: string,
    reference: { readonly version: number; readonly value: unknown },
    encodedBytes: number,
  ): void {
    if (this.#owns(hashKey(key), key)) this.references.keep(key, reference, encodedBytes)
  }

  /** What namespaces keep by reference, within a share of the node's memory. */
  get references(): References {
    this.#references ??= new References(this.#core.store.withhold(REFERENCES_SHARE))
    return this.#references
  }

  /** After a pause this node may not be the owner any more of what it takes itself for. */
  get #isProven(): boolean {
    return this.#core.replication.fence === 'open'
  }

  #own(key: string, hash: number): unknown {
    const { store, copying } = this.#core
    copying.asks(key, hash, present)
    const address = store.seek(key, hash, present)
    return address === 0 ? undefined : valueAt(store.blocks, address)
  }

  /** A copy of what another member owns. The clock is read here: the lease may have ended in this turn. */
  #copy(key: string, hash: number): Found | undefined {
    const address = this.#seekCopy(key, hash)
    return address === 0 ? undefined : foundCopyAt(this.#core, address, monotonic())
  }

  /** The address of one; 0: there is none. */
  #seekCopy(key: string, hash: number): number {
    const { copying } = this.#core
    if (!copying.held.any || this.closed) return 0
    const address = copying.held.seek(key, hash, present)
    if (address !== 0) copying.asks(key, hash, present)
    return address
  }

  /** Looks a qualified key up; `take` makes the result out of what was found, while it is valid (`LookupParts`). */
  get<T>(
    key: string,
    take: (found: Found | undefined, certain: boolean) => T,
    timeoutMs?: number,
  ): Promise<T> {
    const hash = hashKey(key)
    // The usual case of a key of one's own costs no call, no timer and no frame.
    if (this.#owns(hash, key) && !this.#core.replication.cold) {
      this.#core.copying.asks(key, hash, present)
      return resolved(() => take(foundHere(this.#core, key, monotonic()), true))
    }
    const copy = this.#copy(key, hash)
    if (copy !== undefined) return resolved(() => take(copy, true))
    return this.#look({ key, hash }, take, timeoutMs)
  }

  /** Asks whoever answers for the key. */
  #look<T>(
    { key, hash }: { readonly key: string; readonly hash: number },
    take: (found: Found | undefined, certain: boolean) => T,
    timeoutMs: number = this.#limits.timeoutMs,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const at = this.#moment.taken()
      const [node, askedAt] = [this.#core, at.now]
      const deadline = askedAt + timeoutMs
      const call = new Lookup({ node, key, hash, askedAt, deadline, take, resolve, reject })
      this.#calls.dispatch(call, at)
      this.#sweeps.wind()
    })
  }

  set(key: string, entry: EntryBody): Promise<WriteResult> {
    return this.#write({ kind: 'set', key, hash: hashKey(key), entry })
  }

  /** As `set`, of a value in memory that is valid only now. */
  keep(key: string, entry: EntryBody): Promise<void> {
    const hash = hashKey(key)
    const { value, contentType, ttlMs } = entry
    const at = this.#writesHere(hash, key)
    const isCopied = at !== undefined && liesStill(value) && value.length <= this.#core.store.copiedBytesMax
    const kept = isCopied ? entry : { value: new Uint8Array(value), contentType, ttlMs }
    const request: KeyRequest = { kind: 'set', key, hash, entry: kept }
    if (at === undefined) return this.#send(request).then(nothing)
    try {
      executeWrite(this.#core, request, at)
      return Promise.resolve()
    } catch (error) {
      return Promise.reject(error)
    }
  }

  delete(key: string): Promise<Written> {
    return this.#write({ kind: 'delete', key, hash: hashKey(key) })
  }

  /** A write that hangs on what is there. */
  alter(
    target: { readonly key: string; readonly hash: number },
    alteration: Alteration,
  ): Promise<WriteResult> {
    return this.#write({ kind: 'alter', ...target, alteration })
  }

  /** Sends calls of one kind on their way together. They have one deadline. */
  together(make: (parts: TogetherParts) => readonly Call[]): void {
    const at = this.#moment.taken()
    const { now } = at
    const [node, calls] = [this.#core, this.#calls]
    const all = make({ node, askedAt: now, deadline: now + this.#limits.timeoutMs })
    dispatchTogether(all, { by: calls, node, at })
    this.#sweeps.wind()
  }

  /** The value of a key out of this node's own memory, when it can be had without loading; undefined: `load` it. */
  fresh(key: string): unknown {
    const hash = hashKey(key)
    if (!this.#owns(hash, key)) return valueIn(this.#copy(key, hash))
    const { store, flights, copying } = this.#core
    copying.asks(key, hash, present)
    const address = flights.seekFresh(key, hash, present)
    return address === 0 ? undefined : valueAt(store.blocks, address)
  }

  /** A read that may load, or a claim; `take` makes the result out of what the mesh answered, while it is valid. */
  load<T>(key: string, { wish, deadline, take }: LoadOptions<T>): Promise<T> {
    const hash = hashKey(key)
    return new Promise((resolve, reject) => {
      const done = (loaded: Loaded): void => resolve(take(loaded))
      const at = this.#moment.taken()
      const parts = { node: this.#core, key, hash, askedAt: at.now, deadline, wish }
      this.#calls.dispatch(new LoadCall({ ...parts, done, reject }), at)
      this.#sweeps.wind()
    })
  }

  /** Brings what a lease was for to its holder, or without one what a change feed tells to the owner. */
  fill(
    key: string,
    fill: FillBody,
    to: { readonly holder?: string; readonly ms?: number } = {},
  ): Promise<Written> {
    const { holder, ms = this.#limits.timeoutMs } = to
    return this.#settle({ kind: 'fill', key, hash: hashKey(key), fill }, ms, holder)
  }

  /** What this process loaded for all who wait, and is not kept. */
  answerWaiting(key: string, fill: FillBody): void {
    this.#core.flights.share({ key, hash: hashKey(key) }, fill, instant())
  }

  /** Gives a lease back. Nobody waits for that. */
  release(key: string, { token, holder }: LeaseBody, error: CacheMeshError): void {
    const hash = hashKey(key)
    if (holder === this.#core.id) {
      this.#core.flights.release({ key, hash }, token, error, instant())
      return
    }
    const { code, message } = error
    const request: KeyRequest = { kind: 'release', key, hash, release: { token, code, message } }
    this.#settle(request, this.#limits.timeoutMs, holder).catch(() => {})
  }

  #settle(request: KeyRequest, ms: number, holder?: string): Promise<Written> {
    return new Promise((resolve, reject) => {
      const at = this.#moment.taken()
      const node = this.#core
      const parts = { node, request, deadline: at.now + ms, resolve, reject }
      this.#calls.dispatch(new OwnFill(holder === undefined ? parts : { ...parts, holder }), at)
      this.#sweeps.wind()
    })
  }

  #write(request: KeyRequest): Promise<WriteResult> {
    const at = this.#writesHere(request.hash, request.key)
    if (at === undefined) return this.#send(request)
    return resolved(() => executeWrite(this.#core, request, at))
  }

  /** When a write of a key can be carried out and acknowledged at once: now. */
  #writesHere(hash: number, key: string): Instant | undefined {
    if (!this.#owns(hash, key)) return undefined
    const at = this.#moment.taken()
    return this.#calls.acknowledgements.neededFor(key, at.now) ? undefined : at
  }

  #send(request: KeyRequest): Promise<WriteResult> {
    return new Promise((resolve, reject) => {
      const at = this.#moment.taken()
      const deadline = at.now + this.#limits.timeoutMs
      this.#calls.dispatch(new OwnWrite({ node: this.#core, request, deadline, resolve, reject }), at)
      this.#sweeps.wind()
    })
  }

  /** A closed node owns nothing: its calls go the long way, where they are refused. */
  #owns(hash: number, key: string): boolean {
    return !this.#calls.closed && this.#core.placement.owns(hash, key)
  }
}

/** True of bytes that are as long as they say, whatever another thread or their own class does. */
function liesStill(value: Uint8Array): boolean {
  const prototype = Object.getPrototypeOf(value)
  const isPlain = prototype === Uint8Array.prototype || prototype === Buffer.prototype
  return isPlain && !(value.buffer instanceof SharedArrayBuffer)
}

function nothing(): void {}

function resolved<T>(result: () => T): Promise<T> {
  try {
    return Promise.resolve(result())
  } catch (error) {
    return Promise.reject(error)
  }
}
