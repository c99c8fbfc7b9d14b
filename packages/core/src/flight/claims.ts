// Tokens of programs that are about to write the data store. What they wrote is kept only when the key was not written
// between the token and the fill: of two that overlap the second is refused, for nobody here knows which of them the
// data store took last.

import { BOUNDS, TIMES } from '../limits/limits.ts'
import type { Store } from '../store/store.ts'

export class Claims {
  readonly #store: Store
  /** By key, monotonic ms until which the latest claim holds; the oldest first. */
  readonly #until = new Map<string, number>()

  constructor(store: Store) {
    this.#store = store
  }

  get size(): number {
    return this.#until.size
  }

  has(key: string): boolean {
    return this.#until.has(key)
  }

  add(key: string, token: number, leaseMs: number, now: number): void {
    const { unwritten } = this.#store
    if (!unwritten.has(key)) unwritten.set(key, token)
    this.#until.delete(key)
    this.#until.set(key, now + Math.min(leaseMs, TIMES.leaseMaxMs))
    if (this.#until.size <= BOUNDS.loadsMax) return
    for (const oldest of this.#until.keys()) {
      this.#end(oldest)
      return
    }
  }

  /** Forgets those that are over: what comes under them is refused. */
  sweep(now: number): void {
    for (const [key, until] of this.#until) if (now >= until) this.#end(key)
  }

  /** A load of the key that goes on meanwhile becomes void: it is begun again. */
  #end(key: string): void {
    this.#until.delete(key)
    this.#store.unwritten.delete(key)
  }
}
