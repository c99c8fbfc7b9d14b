// Entries of keys that this node holds no more. Others get them from here; then they go, each as soon as those who hold it
// have it: what is deleted there later would come back from here when they have forgotten the delete. If this node holds
// such keys again before, they go at once: somebody else was in charge meanwhile, and what he wrote is not here.

import { BOUNDS } from '../limits/limits.ts'
import type { Target } from '../placement/placement.ts'
import type { Store } from '../store/store.ts'
import type { Holdings } from './holdings.ts'

export class Leftovers {
  readonly #holdings: Holdings
  /** Version up to which entries may be leftovers; 0: there are none. What is written later was meant for this node. */
  #upTo = 0
  /** Where the sweep goes on; undefined before it begins. */
  #after: number | undefined
  #sweeping = false
  #kept = false

  constructor(holdings: Holdings) {
    this.#holdings = holdings
  }

  get any(): boolean {
    return this.#upTo > 0
  }

  /** Some of what this node held is others' from now on. */
  lost(version: number): void {
    if (this.#holdings.isEmpty) return
    this.#upTo = Math.max(this.#upTo, version)
    this.#sweeping = false
  }

  /** Some of what others held is this node's from now on; `heldBefore`: it was before. */
  gained(heldBefore: (target: Target) => boolean): void {
    if (!this.any) return
    const upTo = this.#upTo
    this.#holdings.drop(upTo, target => !heldBefore(target) && this.#holdings.isMine(target))
  }

  /**
   * One step of dropping those that nobody needs any more. Returns true while there is more to do.
   * @param isOwed this member may still need what is here: what it should hold stays
   * @param anybody there is such a member: it may need what is known of deletes, which stays in any case
   */
  sweep(isOwed: (member: string) => boolean, anybody: boolean): boolean {
    if (!this.any) return false
    const { store } = this.#holdings
    if (!this.#sweeping) {
      this.#after = undefined
      this.#sweeping = true
      this.#kept = false
    }
    const old: Target[] = []
    this.#after = store.owned.visitVersions(this.#after, BOUNDS.scanMax, (hash, version, address) => {
      if (version <= this.#upTo) old.push({ key: store.owned.keyAt(address), hash })
    })
    for (const target of old) this.#drop(store, target, isOwed)
    if (this.#after !== undefined) return true
    this.#sweeping = false
    if (!this.#kept && (!anybody || store.markers.size === 0)) this.#upTo = 0
    return false
  }

  #drop(store: Store, target: Target, isOwed: (member: string) => boolean): void {
    const holders = this.#holdings.placement.holders(target)
    if (holders.includes(this.#holdings.placement.self)) return
    if (holders.some(isOwed)) this.#kept = true
    else store.owned.delete(target.key, target.hash)
  }
}
