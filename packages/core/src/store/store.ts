import { CacheMeshError } from '@cachemesh/protocol'
import { BOUNDS } from '../limits/limits.ts'
import { VersionClock } from './clock.ts'
import { type Entry, entryOf, type NewEntry } from './entry.ts'
import { Erasures } from './erasures.ts'
import { Floors } from './floors.ts'
import { Markers } from './markers.ts'
import { Partition, type PartitionStats } from './partition.ts'
import { Reserved } from './reserved.ts'

/** What a write did. */
export interface Written {
  readonly version: number
  /** There was a living entry before. */
  readonly existed: boolean
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

  /** @param cacheBytes budget of owned entries and copies together */
  constructor(cacheBytes: number) {
    if (!(cacheBytes >= BOUNDS.cacheBytesMin)) {
      throw new CacheMeshError(
        'ERR_INVALID_ARGUMENT',
        `A cache of ${cacheBytes} bytes is too small; give it at least ${BOUNDS.cacheBytesMin}`,
      )
    }
    const copiesBytes = Math.floor(cacheBytes * BOUNDS.copiesShare)
    const markersBytes = Math.floor(cacheBytes * BOUNDS.markersShare)
    this.owned = new Partition(cacheBytes - copiesBytes - markersBytes)
    this.copies = new Partition(copiesBytes)
    this.reserved = new Reserved(BOUNDS.reservedBytes)
    this.clock = new VersionClock()
    this.floors = new Floors()
    this.markers = new Markers(markersBytes, this.floors)
  }

  read(key: string, now: number): Entry | undefined {
    const entry = this.owned.get(key, now)
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

  /** What `find` found, if `read` would show it too. */
  living(key: string, entry: Entry | undefined, now: number): Entry | undefined {
    // Most are: one that is not goes through `read`, which removes it.
    if (entry === undefined || (entry.expiresAt > now && entry.version > this.erasures.latest)) return entry
    return this.read(key, now)
  }

  /** The latest that is known of a key, be it an entry, expired or not, or a delete marker. */
  latest(key: string): Entry | undefined {
    return this.owned.find(key) ?? this.markers.get(key)
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
    if (this.unwritten.size > 0) this.unwritten.delete(key)
    if (entry.deleted) {
      this.owned.delete(key)
      this.markers.put(key, entry.version, now)
      return
    }
    if (!this.owned.fits(key, entry)) {
      throw new CacheMeshError(
        'ERR_VALUE_TOO_LARGE',
        `A value of ${entry.value.byteLength} bytes does not fit into the ${this.owned.bytesMax} bytes that this node ` +
          'has for entries it owns; give the node more memory',
      )
    }
    this.markers.delete(key)
    this.owned.put(key, entry)
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
    this.owned.clear()
    this.copies.clear()
    this.markers.clear()
    this.unwritten.clear()
  }

  get stats(): {
    readonly owned: PartitionStats
    readonly copies: PartitionStats
    readonly reservedBytes: number
  } {
    return { owned: this.owned.stats, copies: this.copies.stats, reservedBytes: this.reserved.bytes }
  }
}
