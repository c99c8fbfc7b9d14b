// The holder's side of copies: entries of others that this node may answer from for a while.

import type { EntryBody } from '@cachemesh/protocol'
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
  read(key: string, now: number): Entry | undefined {
    if (!this.#any) return undefined
    const { copies, erasures } = this.#store
    const copy = copies.get(key, now)
    if (copy === undefined || copy.staleAt <= now) return undefined
    // Copies come without their tags: any of them may be one that was deleted by a tag since.
    if (copy.version > erasures.latest || !erasures.mayHide(key, copy.version)) return copy
    copies.delete(key)
    return undefined
  }

  /** True when there is a copy whose lease is over: the key was worth one not long ago. */
  lapsed(key: string): boolean {
    return this.#any && this.#store.copies.find(key) !== undefined
  }

  /** Keeps a copy; not one that is over already, nor one older than what is here. */
  keep(key: string, { askedAt, leaseMs, version, value, contentType, ttlMs }: Granted, now: number): void {
    const staleAt = askedAt + leaseMs
    const { copies } = this.#store
    if (staleAt <= now || (copies.find(key)?.version ?? 0) > version) return
    const expiresAt = ttlMs === 0 ? Number.POSITIVE_INFINITY : now + ttlMs
    const copy = entryOf({ value: new Uint8Array(value), contentType, expiresAt, staleAt }, version)
    if (!copies.fits(key, copy)) return
    this.#any = true
    copies.put(key, copy)
  }

  /** The owner has written the key, or this node has. */
  drop(key: string): void {
    if (this.#any) this.#store.copies.delete(key)
  }

  /** All leases are void: this node cannot tell how much time has passed. */
  void(): void {
    if (!this.#any) return
    this.#any = false
    this.#store.copies.clear()
  }
}
