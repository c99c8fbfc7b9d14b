// Requests of this process's own program.

import type { NodeCore, Written } from '@cachemesh/core'
import { CacheMeshError, checkValue, type EntryBody, type Frame, hashKey, KIND } from '@cachemesh/protocol'
import { monotonic } from '../time.ts'
import type { Call, KeyRequest } from './call.ts'
import type { Calls } from './calls.ts'
import { executeDelete, executeSet, remainingTtl } from './execution.ts'

/** An entry that was found. `value` must be copied before it is kept or handed out. */
export interface Found extends EntryBody {
  readonly version: number
  /** Where it was: in this node's memory, as a copy held here, or at another member. */
  readonly served: 'local' | 'copy' | 'forwarded'
  /** The member that answered this node; it may have asked another. */
  readonly by: string
}

/** Asked for at every call: the mesh may change it at any time. */
export interface CallLimits {
  readonly timeoutMs: number
}

const NO_HOPS: readonly string[] = []

export class Requests {
  readonly #core: NodeCore
  readonly #calls: Calls
  readonly #limits: CallLimits

  constructor(core: NodeCore, calls: Calls, limits: CallLimits) {
    this.#core = core
    this.#calls = calls
    this.#limits = limits
  }

  /**
   * Looks a qualified key up; `take` makes the result out of what was found, while it is valid. A miss is not
   * `certain` when a member was passed over: it may hold the entry all the same.
   */
  get<T>(key: string, take: (found: Found | undefined, certain: boolean) => T): Promise<T> {
    const hash = hashKey(key)
    // The usual case of a key of one's own costs no call, no timer and no frame.
    if (this.#owns(hash)) return resolved(() => take(this.#local(key), true))
    return new Promise((resolve, reject) => {
      const now = monotonic()
      const call = new Lookup({
        key,
        hash,
        deadline: now + this.#limits.timeoutMs,
        take,
        local: this.#local,
        resolve,
        reject,
      })
      this.#calls.dispatch(call, now)
    })
  }

  set(key: string, entry: EntryBody): Promise<Written> {
    const request: KeyRequest = { kind: 'set', key, hash: hashKey(key), entry }
    if (this.#owns(request.hash)) return resolved(() => executeSet(this.#core.store, key, entry))
    return this.#start(request, {
      answered: written,
      served: responsible => {
        if (!responsible) throw moving()
        return executeSet(this.#core.store, key, entry)
      },
    })
  }

  delete(key: string): Promise<Written> {
    const request: KeyRequest = { kind: 'delete', key, hash: hashKey(key) }
    if (this.#owns(request.hash)) return resolved(() => executeDelete(this.#core.store, key))
    return this.#start(request, {
      answered: written,
      served: responsible => {
        if (!responsible) throw moving()
        return executeDelete(this.#core.store, key)
      },
    })
  }

  /** A closed node owns nothing: its calls go the long way, where they are refused. */
  #owns(hash: number): boolean {
    return !this.#calls.closed && this.#core.placement.owns(hash)
  }

  readonly #local = (key: string): Found | undefined => {
    const now = monotonic()
    const entry = this.#core.store.read(key, now)
    if (entry === undefined) return undefined
    const { value, contentType, version } = entry
    return {
      value,
      contentType,
      version,
      ttlMs: remainingTtl(entry, now),
      served: 'local',
      by: this.#core.id,
    }
  }

  #start<T>(request: KeyRequest, results: Results<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const now = monotonic()
      const deadline = now + this.#limits.timeoutMs
      this.#calls.dispatch(new OwnCall({ request, deadline, results, resolve, reject }), now)
    })
  }
}

/** How answers become the result of a promise; both may throw. */
interface Results<T> {
  answered(frame: Frame, call: Call): T
  served(responsible: boolean, call: Call): T
}

interface Waiting<T> {
  readonly request: KeyRequest
  readonly deadline: number
  readonly results: Results<T>
  resolve(result: T): void
  reject(error: unknown): void
}

interface Lookups<T> extends Pick<Waiting<T>, 'deadline' | 'resolve' | 'reject'> {
  readonly key: string
  readonly hash: number
  take(found: Found | undefined, certain: boolean): T
  /** Looks into this node's own memory. */
  local(key: string): Found | undefined
}

/** A get. Most calls are: it is one object, and makes no closures. */
class Lookup<T> implements Call, KeyRequest {
  readonly kind = 'get'
  readonly key: string
  readonly hash: number
  readonly hops: readonly string[] = NO_HOPS
  readonly deadline: number
  failed: readonly string[] = NO_HOPS
  to = ''
  sentAt = 0
  readonly #take: Lookups<T>['take']
  readonly #local: Lookups<T>['local']
  readonly #resolve: (result: T) => void
  readonly #reject: (error: unknown) => void

  constructor({ key, hash, deadline, take, local, resolve, reject }: Lookups<T>) {
    this.key = key
    this.hash = hash
    this.deadline = deadline
    this.#take = take
    this.#local = local
    this.#resolve = resolve
    this.#reject = reject
  }

  get request(): KeyRequest {
    return this
  }

  answered(frame: Frame): void {
    this.#finish(foundIn(frame, this.to))
  }

  served(): void {
    this.#finish(this.#local(this.key))
  }

  failedWith(error: CacheMeshError): void {
    this.#reject(error)
  }

  #finish(found: Found | undefined): void {
    try {
      this.#resolve(this.#take(found, this.failed.length === 0))
    } catch (error) {
      this.#reject(error)
    }
  }
}

class OwnCall<T> implements Call {
  readonly request: KeyRequest
  readonly hops: readonly string[] = NO_HOPS
  readonly deadline: number
  failed: readonly string[] = NO_HOPS
  to = ''
  sentAt = 0
  readonly #results: Results<T>
  readonly #resolve: (result: T) => void
  readonly #reject: (error: unknown) => void

  constructor({ request, deadline, results, resolve, reject }: Waiting<T>) {
    this.request = request
    this.deadline = deadline
    this.#results = results
    this.#resolve = resolve
    this.#reject = reject
  }

  answered(frame: Frame): void {
    try {
      this.#resolve(this.#results.answered(frame, this))
    } catch (error) {
      this.#reject(error)
    }
  }

  served(responsible: boolean): void {
    try {
      this.#resolve(this.#results.served(responsible, this))
    } catch (error) {
      this.#reject(error)
    }
  }

  failedWith(error: CacheMeshError): void {
    this.#reject(error)
  }
}

function foundIn(frame: Frame, by: string): Found | undefined {
  if (frame.kind !== KIND.hit) return undefined
  const version = frame.version()
  const { value, contentType, ttlMs } = frame.entry()
  checkValue(value, contentType)
  return { value, contentType, ttlMs, version, served: 'forwarded', by }
}

function written(frame: Frame): Written {
  return { version: frame.version(), existed: frame.existed }
}

/** While ownership moves two views may each name the other: a write there would be lost unseen. */
export function moving(): CacheMeshError {
  return new CacheMeshError('ERR_UNAVAILABLE', 'The key is changing its owner; try again')
}

function resolved<T>(result: () => T): Promise<T> {
  try {
    return Promise.resolve(result())
  } catch (error) {
    return Promise.reject(error)
  }
}
