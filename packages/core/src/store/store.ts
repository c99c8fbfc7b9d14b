import { CacheMeshError } from '@cachemesh/protocol'
import { BOUNDS } from '../limits/limits.ts'
import { VersionClock } from './clock.ts'
import type { Entry } from './entry.ts'
import { Partition, type PartitionStats } from './partition.ts'
import { Reserved } from './reserved.ts'

export interface NewEntry {
  readonly value: Uint8Array
  readonly contentType: string
  /** Monotonic ms; Infinity: no expiry. */
  readonly expiresAt: number
}

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

  /** @param cacheBytes budget of owned entries and copies together */
  constructor(cacheBytes: number) {
    if (!(cacheBytes >= BOUNDS.cacheBytesMin)) {
      throw new CacheMeshError(
        'ERR_INVALID_ARGUMENT',
        `A cache of ${cacheBytes} bytes is too small; give it at least ${BOUNDS.cacheBytesMin}`,
      )
    }
    const copiesBytes = Math.floor(cacheBytes * BOUNDS.copiesShare)
    this.owned = new Partition(cacheBytes - copiesBytes)
    this.copies = new Partition(copiesBytes)
    this.reserved = new Reserved(BOUNDS.reservedBytes)
    this.clock = new VersionClock()
  }

  read(key: string, now: number): Entry | undefined {
    return this.owned.get(key, now)
  }

  /** As `read`, without a look at the entry: it may have expired. */
  find(key: string): Entry | undefined {
    return this.owned.find(key)
  }

  /** Throws ERR_VALUE_TOO_LARGE when this node could never keep it; the old entry stays. */
  write(key: string, entry: NewEntry, at: { readonly now: number; readonly wall: number }): Written {
    const existed = this.owned.get(key, at.now) !== undefined
    const written: Entry = {
      value: entry.value,
      contentType: entry.contentType,
      version: this.clock.next(at.wall),
      expiresAt: entry.expiresAt,
    }
    if (!this.owned.fits(key, written)) {
      throw new CacheMeshError(
        'ERR_VALUE_TOO_LARGE',
        `A value of ${entry.value.byteLength} bytes does not fit into the ${this.owned.bytesMax} bytes that this node ` +
          'has for entries it owns; give the node more memory',
      )
    }
    this.owned.put(key, written)
    return { version: written.version, existed }
  }

  remove(key: string, at: { readonly now: number; readonly wall: number }): Written {
    const existed = this.owned.get(key, at.now) !== undefined
    this.owned.delete(key)
    return { version: this.clock.next(at.wall), existed }
  }

  /** Empties what may be emptied: never the reserved partition. */
  flush(): void {
    this.owned.clear()
    this.copies.clear()
  }

  get stats(): {
    readonly owned: PartitionStats
    readonly copies: PartitionStats
    readonly reservedBytes: number
  } {
    return { owned: this.owned.stats, copies: this.copies.stats, reservedBytes: this.reserved.bytes }
  }
}
