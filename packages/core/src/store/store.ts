import { CacheMeshError, hashKey } from '@cachemesh/protocol'
import type { Instant } from '../limits/instant.ts'
import { BOUNDS } from '../limits/limits.ts'
import type { Blocks } from './blocks.ts'
import { Budget } from './budget.ts'
import { VersionClock } from './clock.ts'
import { type Entry, entryOf, type NewEntry } from './entry.ts'
import { Erasures } from './erasures.ts'
import { Floors } from './floors.ts'
import { Markers } from './markers.ts'
import { Partition, type PartitionStats } from './partition.ts'
import type { PolicyName } from './policy.ts'
import { Reserved } from './reserved.ts'
import { Walk } from './walk.ts'

/** What a write did. */
export interface Written {
  readonly version: number
  /** There was a living entry before. */
  readonly existed: boolean
}

/** A segment is looked into for expired entries so often, and so many at most at one call. */
const SWEEP_MS = 10
const SWEPT_MAX = 16
/** While memory is short one segment is looked into for so many writes. */
const PUTS_PER_SWEEP = 32

export interface StoreOptions {
  /** Who stays when not all can. Default `'adaptive'`. */
  readonly policy?: PolicyName
  /** Share of the copies, fixed; without it the shares follow the hits. */
  readonly copiesShare?: number
  /** 32 bits that nobody else knows: they keep others from choosing keys that are slow to find. */
  readonly seed?: number
}

/**
 * A node's memory in three partitions: entries it owns (or stands in for), copies of what others own, and
 * the reserved one. Every write gets its version here; `wall` and `now` come from the caller.
 */
export class Store {
  readonly owned: Partition
  readonly copies: Partition
  readonly reserved: Reserved
  readonly clock: VersionClock
  /** What is known of deletes: the latest of them, and what is left of earlier ones. */
  readonly markers: Markers
  readonly floors: Floors
  /** Namespaces that were cleared, tags whose entries were deleted. */
  readonly erasures: Erasures = new Erasures()
  /**
   * Keys of which somebody has to know that nobody writes them, and since which version: the first write or delete of
   * a key takes it out (flight/).
   */
  readonly unwritten: Map<string, number> = new Map()

  readonly #budget: Budget
  #puts = 0
  #sweptAt = 0

  /** @param cacheBytes budget of owned entries, copies and delete markers together */
  constructor(cacheBytes: number, options: StoreOptions = {}) {
    if (!(cacheBytes >= BOUNDS.cacheBytesMin)) {
      throw new CacheMeshError(
        'ERR_INVALID_ARGUMENT',
        `A cache of ${cacheBytes} bytes is too small; give it at least ${BOUNDS.cacheBytesMin}`,
      )
    }
    const { policy = 'adaptive', copiesShare, seed = 0 } = options
    const markersBytes = Math.floor(cacheBytes * BOUNDS.markersShare)
    this.#budget = new Budget(cacheBytes - markersBytes, { seed, adaptive: copiesShare === undefined })
    const share = copiesShare ?? BOUNDS.copiesShare
    this.owned = new Partition(this.#budget, { policy, share: 1 - share })
    this.copies = new Partition(this.#budget, { policy, share })
    this.reserved = new Reserved(BOUNDS.reservedBytes)
    this.clock = new VersionClock()
    this.floors = new Floors()
    this.markers = new Markers(markersBytes, this.floors)
  }

  read(key: string, now: number, hash?: number): Entry | undefined {
    const entry = this.owned.get(key, now, hash)
    if (entry === undefined || entry.version > this.erasures.latest) return entry
    if (!this.erasures.hide(key, entry)) return entry
    this.void(key, entry.version, now)
    return undefined
  }

  /** As `read`, without a look at the entry: it may have expired, or been erased. Never a delete marker. */
  find(key: string): Entry | undefined {
    return this.owned.find(key)
  }

  /** Drops an erased entry. One before it, without its tags, may still be somewhere: it must not come back. */
  void(key: string, version: number, now: number): void {
    this.owned.delete(key)
    if (!this.erasures.cleared(key, version)) this.markers.put(key, version, now)
  }

  /** The latest that is known of a key, be it an entry, expired or not, or a delete marker. */
  latest(key: string): Entry | undefined {
    const address = this.owned.seek(key, hashKey(key))
    return address === 0 ? this.markers.get(key) : this.owned.entryAt(address)
  }

  /** What lies at an address. */
  get blocks(): Blocks {
    return this.#budget.blocks
  }

  /**
   * Address of the entry that `read` would show, 0 if there is none: for those who read many, or want less than all
   * of it. It is valid until the next write. `at` is looked at only when the entry expires some time.
   */
  seek(key: string, hash: number, at: Instant): number {
    const address = this.owned.seek(key, hash)
    if (address === 0 || !this.lives(address, at)) return this.#seekAgain(key, address, { hash, at })
    this.owned.hit(address)
    return address
  }

  /** `read` would show what is at this address. */
  lives(address: number, at: Instant): boolean {
    const expiresAt = this.owned.expiresAt(address)
    if (expiresAt !== Number.POSITIVE_INFINITY && expiresAt <= at.now) return false
    return this.owned.versionOf(address) > this.erasures.latest
  }

  /** One that is not there, or may be gone, goes through `read`, which removes it. */
  #seekAgain(
    key: string,
    address: number,
    { hash, at }: { readonly hash: number; readonly at: Instant },
  ): number {
    return address === 0 || this.read(key, at.now, hash) === undefined ? 0 : this.owned.seek(key, hash)
  }

  /**
   * Takes a share of the budget away for good, for what the caller keeps of the entries besides. Returns how many bytes.
   * In a cache that is full it takes long: to be called early.
   */
  withhold(share: number): number {
    const bytes = Math.floor(this.#budget.bytesMax * share)
    this.#budget.withhold(bytes)
    return bytes
  }

  /** The owned entries of a range of hashes, the hottest first, for their new owner. Those that expired are among them. */
  walk(includes: (hash: number) => boolean): Walk {
    return new Walk(this.owned, includes)
  }

  /**
   * To be called now and then: entries that have expired give their memory back though nobody asks for them. A call
   * takes less than a millisecond.
   */
  sweep(now: number): void {
    const segments = Math.floor((now - this.#sweptAt) / SWEEP_MS)
    if (segments < 1) return
    this.#sweptAt = now
    this.#budget.sweep(now, Math.min(segments, SWEPT_MAX))
  }

  /** Throws ERR_VALUE_TOO_LARGE when this node could never keep it; the old entry stays. */
  write(key: string, entry: NewEntry, at: { readonly now: number; readonly wall: number }): Written {
    const existed = this.read(key, at.now) !== undefined
    const written = entryOf(entry, this.clock.next(at.wall))
    this.put(key, written, at.now)
    return { version: written.version, existed }
  }

  /**
   * Keeps an entry, or a delete marker, under the version that it has: whatever was there before, older or newer, is
   * gone. Throws ERR_VALUE_TOO_LARGE as `write` does.
   */
  put(key: string, entry: Entry, now: number): void {
    if (!entry.deleted) {
      this.keep({ key, hash: hashKey(key) }, entry, now)
      return
    }
    if (this.unwritten.size > 0) this.unwritten.delete(key)
    this.owned.delete(key)
    this.markers.put(key, entry.version, now)
  }

  /** As `put` of an entry, for those who know the hash of its key. */
  keep({ key, hash }: { readonly key: string; readonly hash: number }, entry: Entry, now: number): void {
    if (this.unwritten.size > 0) this.unwritten.delete(key)
    // What has expired makes room before anything that lives.
    if (++this.#puts % PUTS_PER_SWEEP === 0 && this.#budget.worthSweeping) this.#budget.sweep(now, 1)
    if (!this.owned.put(key, entry, hash)) {
      throw new CacheMeshError(
        'ERR_VALUE_TOO_LARGE',
        `A value of ${entry.value.byteLength} bytes does not fit into the memory of this node, ` +
          `which has ${this.#budget.capacity} bytes for all entries; give it more`,
      )
    }
    if (this.markers.size > 0) this.markers.delete(key)
  }

  /** Values of so many bytes are copied by whoever keeps them here: they may be anybody's memory. */
  get copiedBytesMax(): number {
    return this.blocks.insideMax
  }

  remove(key: string, at: { readonly now: number; readonly wall: number }): Written {
    const existed = this.read(key, at.now) !== undefined
    const version = this.clock.next(at.wall)
    if (this.unwritten.size > 0) this.unwritten.delete(key)
    this.owned.delete(key)
    this.markers.put(key, version, at.now)
    return { version, existed }
  }

  /** Empties what may be emptied: never the reserved partition, nor what keeps deleted entries from coming back. */
  flush(): void {
    this.#budget.clear()
    this.markers.clear()
    this.unwritten.clear()
  }

  get stats(): {
    readonly owned: PartitionStats
    readonly copies: PartitionStats
    readonly reservedBytes: number
    /** Memory in use for entries: segments, large values and tables. Never above the budget. */
    readonly usedBytes: number
  } {
    return {
      owned: this.owned.stats,
      copies: this.copies.stats,
      reservedBytes: this.reserved.bytes,
      usedBytes: this.#budget.used,
    }
  }
}
