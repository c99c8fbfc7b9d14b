// What this node holds, by whom it should be held.

import { type CarriedEntry, hashKey } from '@cachemesh/protocol'
import type { Placement, Target } from '../placement/placement.ts'
import { isEmpty, keysByHeat } from '../store/heat.ts'
import type { Store } from '../store/store.ts'
import { digestsOf, type Held, sliceOf } from './slices.ts'

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

  get isEmpty(): boolean {
    return isEmpty(this.store)
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

  /** Sums over what both this node and the peer should hold, of what is held here. */
  digests(peer: string): Uint8Array {
    return digestsOf(this.shared(peer))
  }

  /** What is held here of the keys that both should hold; in these slices only, or in all. */
  *shared(peer: string, slices?: ReadonlySet<number>): Generator<Held> {
    // Without replicas no two nodes should hold the same.
    if (!this.placement.replicates) return
    for (const key of keysByHeat(this.store)) {
      const hash = hashKey(key)
      if (slices !== undefined && !slices.has(sliceOf(hash))) continue
      const target = { key, hash }
      const entry = this.isMine(target) && this.isOf(peer, target) ? this.store.latest(key) : undefined
      if (entry !== undefined) yield { hash, version: entry.version }
    }
  }

  /** Drops all entries that `isVoid` says so of. Returns how many. */
  drop(isVoid: (target: Target, version: number) => boolean): number {
    const dropped: string[] = []
    for (const [key, { version }] of this.store.owned.entries())
      if (isVoid({ key, hash: hashKey(key) }, version)) dropped.push(key)
    for (const key of dropped) this.store.owned.delete(key)
    return dropped.length
  }
}
