// What this node holds, by whom it should be held.

import type { CarriedEntry } from '@cachemesh/protocol'
import type { Placement, Target } from '../placement/placement.ts'
import type { Store } from '../store/store.ts'

/** More than stands around a key and a value. */
const ROOM_BYTES = 1_024

export class Holdings {
  readonly store: Store
  readonly placement: Placement
  readonly #self: string

  constructor(store: Store, placement: Placement) {
    this.store = store
    this.placement = placement
    this.#self = placement.self
  }

  /** Nothing is held, and nothing is known of deletes but floors. */
  get isEmpty(): boolean {
    return this.count === 0
  }

  get count(): number {
    return this.store.stats.owned.entries + this.store.markers.size
  }

  /** True when an entry can be kept without another one making room for it. */
  hasRoom(key: string, { value, deleted }: Pick<CarriedEntry, 'value' | 'deleted'>): boolean {
    const { bytes, bytesMax } = this.store.stats.owned
    return (
      deleted ||
      bytes + value.length + key.length * 2 + ROOM_BYTES <= bytesMax ||
      this.store.latest(key) !== undefined
    )
  }

  isMine(target: Target): boolean {
    return this.placement.isHolder(this.#self, target)
  }

  isOf(peer: string, target: Target): boolean {
    return this.placement.isHolder(peer, target)
  }

  /** Drops all entries up to this version that `isVoid` says so of. Returns how many. */
  drop(upTo: number, isVoid: (target: Target) => boolean): number {
    const { owned } = this.store
    return owned.deleteWhere(
      (hash, version, address) => version <= upTo && isVoid({ key: owned.keyAt(address), hash }),
    )
  }
}
