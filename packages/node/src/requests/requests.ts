// Requests of this process's own program: promises and clocks around the calls of the core.

import {
  type Calls,
  executeWrite,
  type Found,
  foundHere,
  type KeyRequest,
  Lookup,
  type NodeCore,
  OwnWrite,
  type Written,
} from '@cachemesh/core'
import { type EntryBody, hashKey } from '@cachemesh/protocol'
import { instant, Moment, monotonic } from '../time.ts'
import type { Sweeps } from './sweeps.ts'

/** Asked for at every call: the mesh may change it at any time. */
export interface CallLimits {
  readonly timeoutMs: number
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

  constructor({ core, calls, sweeps, limits }: RequestsParts) {
    this.#core = core
    this.#calls = calls
    this.#sweeps = sweeps
    this.#limits = limits
  }

  /** Looks a qualified key up; `take` makes the result out of what was found, while it is valid (`LookupParts`). */
  get<T>(key: string, take: (found: Found | undefined, certain: boolean) => T): Promise<T> {
    const hash = hashKey(key)
    // The usual case of a key of one's own costs no call, no timer and no frame.
    if (this.#owns(hash)) return resolved(() => take(foundHere(this.#core, key, monotonic()), true))
    return new Promise((resolve, reject) => {
      const at = this.#moment.taken()
      const deadline = at.now + this.#limits.timeoutMs
      const call = new Lookup({ node: this.#core, key, hash, deadline, take, resolve, reject })
      this.#calls.dispatch(call, at)
      this.#sweeps.wind()
    })
  }

  set(key: string, entry: EntryBody): Promise<Written> {
    return this.#write({ kind: 'set', key, hash: hashKey(key), entry })
  }

  delete(key: string): Promise<Written> {
    return this.#write({ kind: 'delete', key, hash: hashKey(key) })
  }

  #write(request: KeyRequest): Promise<Written> {
    if (this.#owns(request.hash)) return resolved(() => executeWrite(this.#core, request, instant()))
    return new Promise((resolve, reject) => {
      const at = this.#moment.taken()
      const deadline = at.now + this.#limits.timeoutMs
      this.#calls.dispatch(new OwnWrite({ node: this.#core, request, deadline, resolve, reject }), at)
      this.#sweeps.wind()
    })
  }

  /** A closed node owns nothing: its calls go the long way, where they are refused. */
  #owns(hash: number): boolean {
    return !this.#calls.closed && this.#core.placement.owns(hash)
  }
}

function resolved<T>(result: () => T): Promise<T> {
  try {
    return Promise.resolve(result())
  } catch (error) {
    return Promise.reject(error)
  }
}
