import { LRUCache } from 'lru-cache'
import { type Entry, entryBytes } from './entry.ts'

/**
 * Entries within a byte budget; the least recently used make room. Expiry is kept in the entry and judged by
 * the caller's `now`: lru-cache's own would read a clock, or cache it until a timer fires.
 */
export class Partition {
  readonly bytesMax: number
  readonly #entries: LRUCache<string, Entry>
  #evictions = 0
  #expirations = 0

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax
    this.#entries = new LRUCache<string, Entry>({
      maxSize: bytesMax,
      sizeCalculation: (entry, key) => entryBytes(key, entry),
      dispose: (_entry, _key, reason) => {
        if (reason === 'evict') this.#evictions++
      },
    })
  }

  get(key: string, now: number): Entry | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined || entry.expiresAt > now) return entry
    this.#entries.delete(key)
    this.#expirations++
    return undefined
  }

  /** As `get`, without a look at the entry: it may have expired. */
  find(key: string): Entry | undefined {
    return this.#entries.get(key)
  }

  /** True when an entry of this size can be kept at all. */
  fits(key: string, entry: Entry): boolean {
    return entryBytes(key, entry) <= this.bytesMax
  }

  put(key: string, entry: Entry): void {
    this.#entries.set(key, entry)
  }

  delete(key: string): boolean {
    return this.#entries.delete(key)
  }

  /** All of them, expired ones included, in no certain order. */
  entries(): Iterable<readonly [string, Entry]> {
    return this.#entries.entries()
  }

  clear(): void {
    this.#entries.clear()
  }

  get stats(): PartitionStats {
    return {
      entries: this.#entries.size,
      bytes: this.#entries.calculatedSize,
      bytesMax: this.bytesMax,
      evictions: this.#evictions,
      expirations: this.#expirations,
    }
  }
}

export interface PartitionStats {
  readonly entries: number
  /** Accounted bytes: keys, values, content types and the overhead of each entry. */
  readonly bytes: number
  readonly bytesMax: number
  readonly evictions: number
  readonly expirations: number
}
