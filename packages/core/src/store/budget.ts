// One byte budget for the partitions of a node. What is not used by one may be used by the other; when it is full, the
// one that is further above its share gives something up.
//
// Two counts are kept. What entries are *charged*, their blocks and their places in the tables, is what is kept below
// the capacity by eviction. What memory is *used*, whole segments and tables as they are, never passes the budget; a
// sixteenth between the two is for what is free but not in one piece.

import { Blocks, type Extent } from './blocks.ts'
import { EXPIRES } from './layout.ts'
import { POLICY_QUEUES } from './policy.ts'
import { Queues } from './queues.ts'

const RESERVE = 1 / 16
const SPARE_BYTES_MAX = 128 * 1024
/** Parts of each table: some ten thousand keys in each. */
const PART_BYTES = 1024 * 1024
const PART_BITS_MAX = 12
const FULL = 0.9
/** No partition shrinks below this share on its own. */
const SHARE_MIN = 0.05

/** Whose entries are in the budget: a partition. */
export interface Tenant {
  /** What its entries are charged. */
  readonly bytes: number
  /** Memory of its tables. */
  readonly tableBytes: number
  /** How many entries expire some time. */
  readonly mortals: number
  /** Makes room by the rules of its policy. It has an entry. */
  evictOne(): void
  evict(address: number): void
  /** Removes an entry whose time is over. */
  expire(address: number): void
  /** One of its entries is at another address. */
  moved(to: number, from: number): void
  /** All entries are gone, and their memory with them. */
  emptied(): void
}

export class Budget {
  #bytesMax: number
  readonly blocks: Blocks
  readonly queues: Queues
  readonly partBits: number
  readonly seed: number
  /** Left for tables that grow while an entry comes in. */
  readonly #spareBytes: number
  readonly #partitions: Tenant[] = []
  readonly #shares: number[] = []
  readonly #adaptive: boolean
  /** The segment that was looked into last. */
  #swept = -1

  /** @param seed of 32 bits, and secret (hash-table.ts) */
  constructor(bytesMax: number, { seed, adaptive }: { readonly seed: number; readonly adaptive: boolean }) {
    this.#bytesMax = bytesMax
    this.blocks = new Blocks(bytesMax)
    this.queues = new Queues(this.blocks)
    this.partBits = Math.min(PART_BITS_MAX, Math.max(0, Math.round(Math.log2(bytesMax / PART_BYTES))))
    this.#spareBytes = Math.min(bytesMax / 32, SPARE_BYTES_MAX)
    this.seed = seed
    this.#adaptive = adaptive
  }

  get bytesMax(): number {
    return this.#bytesMax
  }

  /** What entries may be charged together. */
  get capacity(): number {
    return Math.floor(this.#bytesMax * (1 - RESERVE))
  }

  /** Takes a part of the budget away for good, for what is kept elsewhere; entries make room at once. */
  withhold(bytes: number): void {
    this.#bytesMax -= bytes
    while (this.charged > this.capacity) this.#evict()
    while (this.used + this.#spareBytes > this.bytesMax) this.#shrink()
  }

  /** Adds a partition with a share of the budget; returns the first of its queues. */
  join(partition: Tenant, share: number): number {
    this.#shares.push(share)
    return (this.#partitions.push(partition) - 1) * POLICY_QUEUES
  }

  /** What all entries are charged. */
  get charged(): number {
    let charged = 0
    for (const partition of this.#partitions) charged += partition.bytes
    return charged
  }

  /** Memory in use: segments, large values, tables. */
  get used(): number {
    let used = this.blocks.bytes
    for (const partition of this.#partitions) used += partition.tableBytes
    return used
  }

  /** True when an entry of this extent can be kept at all. */
  fits(extent: Extent): boolean {
    return this.blocks.chargeOf(extent) <= this.capacity && this.blocks.holds(extent)
  }

  shareOf(partition: Tenant): number {
    return this.#shares[this.#partitions.indexOf(partition)]!
  }

  /**
   * An entry came back that this partition had let go: with more memory it would have been a hit. By as much as it
   * takes the partition grows, at the cost of the other (as in ARC, Megiddo and Modha, 2003), so that in the end a
   * byte more is worth as much here as there.
   */
  regret(partition: Tenant, bytes: number): void {
    if (!this.#adaptive || this.#partitions.length < 2) return
    const index = this.#partitions.indexOf(partition)
    const share = Math.min(1 - SHARE_MIN, this.#shares[index]! + bytes / this.capacity)
    this.#shares[index] = share
    this.#shares[1 - index] = 1 - share
  }

  /** A block for an entry that fits. Whoever has to make room for it has gone then. */
  take(extent: Extent): number {
    const charge = this.blocks.chargeOf(extent)
    while (this.charged + charge > this.capacity) this.#evict()
    while (this.used + extent.outsideBytes + this.#spareBytes > this.bytesMax) this.#shrink()
    for (;;) {
      const address = this.#takeBlock(extent)
      if (address !== 0) return address
      this.#evict()
    }
  }

  /** Looks for entries that have expired in so many segments, the next ones at each call, and removes them. */
  sweep(now: number, segmentsMax: number): void {
    const { segments } = this.blocks
    const expired: number[] = []
    for (let i = Math.min(segmentsMax, segments.words.length); i > 0; i--) {
      this.#swept = this.#swept + 1 < segments.words.length ? this.#swept + 1 : 0
      segments.visit(this.#swept, address => {
        if (segments.double(address, EXPIRES) <= now) expired.push(address)
      })
      for (const address of expired) this.#partitionOf(address).expire(address)
      expired.length = 0
    }
  }

  /** True when an entry that comes in may push another out, and some are there that expire. */
  get worthSweeping(): boolean {
    if (this.charged < FULL * this.capacity) return false
    return this.#partitions.some(({ mortals }) => mortals > 0)
  }

  clear(): void {
    for (const partition of this.#partitions) partition.emptied()
    this.queues.clear()
    this.blocks.clear()
  }

  /** The block of an entry is at another address now. */
  readonly moved = (to: number, from: number): void => {
    this.queues.moved(to)
    this.#partitionOf(to).moved(to, from)
  }

  readonly #homeless = (address: number): void => this.#partitionOf(address).evict(address)

  #takeBlock({ units, outsideBytes }: Extent): number {
    const { segments } = this.blocks
    const address = segments.take(units)
    if (address !== 0) return address
    const used = this.used + segments.segmentBytes + outsideBytes + this.#spareBytes
    if (used <= this.bytesMax && segments.mayGrow) {
      segments.grow()
      return segments.take(units)
    }
    const { emptiest } = segments
    if (emptiest < 0 || segments.freeUnitsIn(emptiest) < units) return 0
    return segments.compact(emptiest, units, this.moved)
  }

  /** Makes memory free for what lies outside of segments. */
  #shrink(): void {
    const { segments } = this.blocks
    const segmentUnits = segments.segmentBytes / 8
    const { emptiest } = segments
    // With a segment's worth of room in the others, what lives in this one finds a place, or hardly anything does not.
    const room = segments.freeUnits - segments.freeUnitsIn(emptiest)
    const lives = segmentUnits - segments.freeUnitsIn(emptiest)
    if (segments.count > 1 && room >= lives + segmentUnits / 16) {
      segments.release(emptiest, this.moved, this.#homeless)
    } else this.#evict()
  }

  /** Lets the partition that is furthest above its share let something go. */
  #evict(): void {
    let most = -1
    let above = 0
    for (let i = 0; i < this.#partitions.length; i++) {
      const ratio = this.#partitions[i]!.bytes / this.#shares[i]!
      if (ratio <= above) continue
      above = ratio
      most = i
    }
    if (most >= 0) this.#partitions[most]!.evictOne()
    // Nobody is left, and still there is no room: the tables have grown with many small entries.
    else this.clear()
  }

  #partitionOf(address: number): Tenant {
    return this.#partitions[Math.floor(this.queues.queueOf(address) / POLICY_QUEUES)]!
  }
}
