// The holder's side of copies: entries of others that this node may answer from for a while.

import { type EntryBody, hashKey } from '@cachemesh/protocol'
import type { Instant } from '../limits/instant.ts'
import { type Entry, entryOf } from '../store/entry.ts'
import type { Store } from '../store/store.ts'

/** What came with the grant. Times are monotonic ms of this node. */
export interface Granted extends EntryBody {
  readonly version: number
  /** Before the request left: so the copy ends before its owner stops to count on it, however long the answer took. */
  readonly askedAt: number
  readonly leaseMs: number
}

/**
 * A copy ends with its lease, by this node's own monotonic clock, whether or not anybody says so. The end of the
 * lease is kept as the moment at which the entry is stale; its owner may have set an earlier one.
 */
export class Held {
  readonly #store: Store
  /** There may be copies: most nodes that ask for a key have none, and find that out by this alone. */
  #any = false

  constructor(store: Store) {
    this.#store = store
  }

  get any(): boolean {
    return this.#any
  }

  /** A copy that may be answered from at this moment. `now` must have been read after the request arrived. */
  read(key: string, now: number, hash: number = hashKey(key)): Entry | undefined {
    const address = this.seek(key, hash, { now })
    return address === 0 ? undefined : this.#store.copies.entryAt(address)
  }

  /**
   * Address of what `read` would show, 0 if there is none. It is valid until the next write. `at` is looked at only when
   * there is a copy.
   */
  seek(key: string, hash: number, at: Pick<Instant, 'now'>): number {
    if (!this.#any) return 0
    const { copies, blocks, erasures } = this.#store
    const address = copies.seek(key, hash)
    if (address === 0 || Math.min(blocks.staleAt(address), copies.expiresAt(address)) <= at.now) return 0
    const version = copies.versionOf(address)
    // Copies come without their tags: any of them may be one that was deleted by a tag since.
    if (version <= erasures.latest && erasures.mayHide(key, version)) {
      copies.delete(key, hash)
      return 0
    }
    copies.hit(address)
    return address
  }

  /** True when there is a copy whose lease is over: the key was worth one not long ago. */
  lapsed(key: string, hash: number = hashKey(key)): boolean {
    return this.#any && this.#store.copies.seek(key, hash) !== 0
  }

  /** Keeps a copy; not one that is over already, nor one older than what is here. */
  keep(key: string, { askedAt, leaseMs, version, value, contentType, ttlMs }: Granted, now: number): void {
    const staleAt = askedAt + leaseMs
    const { copies } = this.#store
    if (staleAt <= now || (copies.find(key)?.version ?? 0) > version) return
    const expiresAt = ttlMs === 0 ? Number.POSITIVE_INFINITY : now + ttlMs
    const copy = entryOf({ value: new Uint8Array(value), contentType, expiresAt, staleAt }, version)
    if (copies.put(key, copy)) this.#any = true
  }

  /** Somebody has written the key. */
  drop(key: string): void {
    if (this.#any) this.#store.copies.delete(key)
  }

  /** This node writes the key: what it has is over, but as after a lease the key is worth a copy. */
  lapse(key: string, hash: number): void {
    if (!this.#any) return
    const { copies, blocks } = this.#store
    const address = copies.seek(key, hash)
    if (address !== 0) blocks.outdate(address)
  }

  /** All leases are void: this node cannot tell how much time has passed. */
  void(): void {
    if (!this.#any) return
    this.#any = false
    this.#store.copies.clear()
  }
}
