// A read, or a claim, of this node's own program that may load. It ends with the value, with the word that there is none,
// or with a lease: then the program loads, and fills or releases by the holder of the lease.

import { type CacheMeshError, type Frame, KIND, type LeaseBody, type LoadWish } from '@cachemesh/protocol'
import type { Lease, Waiter } from '../flight/waiter.ts'
import type { Instant } from '../limits/instant.ts'
import type { Role } from '../placement/router.ts'
import type { Entry } from '../store/entry.ts'
import { type Call, type KeyRequest, NO_HOPS } from './call.ts'
import { moving } from './execution.ts'
import { type Found, foundEntry, readFound } from './lookup.ts'
import type { NodeParts } from './node-parts.ts'

/** How a load ended for its caller. `certain`: by the owner of the key. Values are valid during the call only. */
export type Loaded =
  | { readonly kind: 'hit'; readonly found: Found; readonly stale: boolean; readonly certain: boolean }
  /** `absent`: the data store has nothing either. Otherwise nobody could ask it. */
  | { readonly kind: 'miss'; readonly absent: boolean; readonly certain: boolean }
  /** The caller loads. */
  | { readonly kind: 'lease'; readonly lease: LeaseBody; readonly stale: Found | undefined }

export interface LoadCallParts {
  readonly node: NodeParts
  readonly key: string
  readonly hash: number
  /** Monotonic ms. */
  readonly deadline: number
  /** When it was asked, monotonic ms: from then on a copy may be kept that comes with the value. Without it none is. */
  readonly askedAt?: number
  readonly wish: LoadWish
  done(loaded: Loaded): void
  reject(error: unknown): void
}

export class LoadCall implements Call, KeyRequest, Waiter {
  readonly kind = 'load'
  readonly key: string
  readonly hash: number
  readonly wish: LoadWish
  readonly hops: readonly string[] = NO_HOPS
  readonly deadline: number
  failed: readonly string[] = NO_HOPS
  to = ''
  sentAt = 0
  readonly peer = ''
  readonly relayed = false
  staleAt = Number.POSITIVE_INFINITY
  readonly #parts: LoadCallParts
  #certain = false

  constructor(parts: LoadCallParts) {
    this.key = parts.key
    this.hash = parts.hash
    this.wish = parts.wish
    this.deadline = parts.deadline
    this.#parts = parts
  }

  get request(): KeyRequest {
    return this
  }

  get leaseMs(): number {
    return this.wish.leaseMs
  }

  get staleAfterMs(): number {
    return this.wish.staleAfterMs
  }

  answered(frame: Frame, at: Instant): void {
    const certain = this.failed.length === 0 && !frame.stoodIn
    if (frame.kind === KIND.miss) this.#done({ kind: 'miss', absent: frame.absent, certain })
    else if (frame.kind === KIND.hit) {
      const { leaseMs, stale } = frame
      const found = readFound(frame, this.to)
      const { node, askedAt } = this.#parts
      if (leaseMs > 0 && askedAt !== undefined)
        node.copying.held.keep(this.key, { ...found, askedAt, leaseMs }, at.now)
      this.#done({ kind: 'hit', found, stale, certain })
    } else {
      const lease = frame.lease()
      this.#done({ kind: 'lease', lease, stale: frame.stale ? readFound(frame, this.to) : undefined })
    }
  }

  served(as: Role, at: Instant): void {
    const { flights, id } = this.#parts.node
    this.#certain = as === 'owner'
    if (!this.wish.claim) flights.ask(this, this, { as, at })
    else if (as === 'last-resort') this.failedWith(moving())
    else {
      const lease = { ...flights.claim(this, this.wish.leaseMs, at), holder: id }
      this.#done({ kind: 'lease', lease, stale: undefined })
    }
  }

  waits(): void {
    // The program waits by itself.
  }

  hit(entry: Entry, stale: boolean, now: number): void {
    this.#done({
      kind: 'hit',
      found: foundEntry(this.#parts.node, entry, now),
      stale,
      certain: this.#certain,
    })
  }

  miss(absent: boolean): void {
    this.#done({ kind: 'miss', absent, certain: this.#certain })
  }

  leased(lease: Lease, stale: Entry | undefined, now: number): void {
    const found = stale && foundEntry(this.#parts.node, stale, now)
    this.#done({ kind: 'lease', lease: { ...lease, holder: this.#parts.node.id }, stale: found })
  }

  failedWith(error: CacheMeshError): void {
    this.#parts.reject(error)
  }

  #done(loaded: Loaded): void {
    try {
      this.#parts.done(loaded)
    } catch (error) {
      this.#parts.reject(error)
    }
  }
}
