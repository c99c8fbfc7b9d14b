// The way of a range of hashes to its new owner: the entries that are hit most first. What there is when it begins is
// noted, an ordering for each key, by how hot it is, some keys at each call; then they are
// shown in turn, as they are by then. So whoever stays is shown once, whatever is written, moved or grows meanwhile,
// and a batch that was lost on its way can be shown again.

import type { Entry } from './entry.ts'
import type { Partition } from './partition.ts'

export interface Shown {
  readonly key: string
  readonly hash: number
  /** Its value is a view, valid until the next write. */
  readonly entry: Entry
}

/** Hits of an entry count up to here. */
const HEAT_MAX = 4
/** Entries of the whole partition that are looked at while the walk is prepared, for each that may be shown. */
const LOOKED_AT = 64

export class Walk {
  readonly #partition: Partition
  readonly #includes: (hash: number) => boolean
  /** Orderings of the keys by heat, the hottest last. */
  readonly #found: readonly number[][] = Array.from({ length: HEAT_MAX }, () => [])
  #orders: Int32Array | undefined
  #after: number | undefined

  /** @param includes tells whether a hash is in the range */
  constructor(partition: Partition, includes: (hash: number) => boolean) {
    this.#partition = partition
    this.#includes = includes
  }

  /** How many there are to show; undefined while that is being found out. */
  get length(): number | undefined {
    return this.#orders?.length
  }

  /**
   * Shows up to so many entries, from `cursor` on, 0 at first. Returns where to go on, undefined behind the last. A
   * call takes time in proportion to `count`: the first ones may show nothing yet.
   */
  next(cursor: number, count: number, show: (shown: Shown) => void): number | undefined {
    this.#orders ??= this.#prepare(count * LOOKED_AT)
    const orders = this.#orders
    if (orders === undefined) return cursor
    const end = Math.min(orders.length, cursor + count)
    for (let i = cursor; i < end; i++) this.#partition.showAlike(orders[i]!, show)
    return end < orders.length ? end : undefined
  }

  /** All orderings, the hottest first, once the whole table was seen. */
  #prepare(count: number): Int32Array | undefined {
    let last: number | undefined
    this.#after = this.#partition.visitHeat(this.#after, count, (order, hash, heat) => {
      if (!this.#includes(hash)) return
      // Keys of one hash have one ordering, and are shown together.
      if (order !== last) this.#found[Math.min(heat, HEAT_MAX - 1)]!.push(order)
      last = order
    })
    if (this.#after !== undefined) return undefined
    const orders = Int32Array.from(this.#found.toReversed().flat())
    for (const each of this.#found) each.length = 0
    return orders
  }
}
