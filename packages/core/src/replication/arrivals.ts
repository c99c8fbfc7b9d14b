// Entries and floors that come from other members: what of them is kept, by where they come from.

import { CacheMeshError, hashKey, type TransferredEntry } from '@cachemesh/protocol'
import type { Instant } from '../limits/instant.ts'
import type { Placement, Target } from '../placement/placement.ts'
import type { Entry } from '../store/entry.ts'
import { type Accepted, accept, mergeFloors } from '../writes/accept.ts'
import { entryFrom } from './carrying.ts'
import type { Holdings } from './holdings.ts'
import { unpackFloors } from './packed-floors.ts'

/** A member that came back so lately may hold what was deleted while it was away. */
const NEWCOMER_MS = 60_000

export class Arrivals {
  readonly #holdings: Holdings
  /** Who held what before the last time that entries had to move. */
  readonly #former: Placement
  /** When each member came, or came back, as this node saw it. */
  readonly #cameAt = new Map<string, number>()
  /**
   * Keys that this node has just got, of which something is here from a member that was no holder of them: what it kept
   * once in the place of one, however old. Whoever did hold them is asked first, as long as he is still expected.
   */
  readonly #hearsay = new Set<string>()
  #changes = 0

  constructor(holdings: Holdings, former: Placement) {
    this.#holdings = holdings
    this.#former = former
  }

  /** Entries and markers that were kept, and entries that were dropped for a floor. */
  get changes(): number {
    return this.#changes
  }

  came(member: string, now: number): void {
    this.#cameAt.set(member, now)
  }

  went(member: string): void {
    this.#cameAt.delete(member)
  }

  isHearsay(key: string): boolean {
    return this.#hearsay.has(key)
  }

  /** Nobody is expected any more to know better. */
  settled(): void {
    this.#hearsay.clear()
  }

  takeFloors(floors: Uint8Array, at: Instant): void {
    this.#changes += mergeFloors(this.#holdings.store, unpackFloors(floors), at)
  }

  /**
   * @param isExpected entries come from this member to this one for a reason: the one has to have what the other had
   */
  takePage(
    peer: string,
    entries: readonly TransferredEntry[],
    { at, isExpected }: { readonly at: Instant; readonly isExpected: boolean },
  ): void {
    for (const { key, entry } of entries) {
      const target = { key, hash: hashKey(key) }
      // The sender may know of another ring. And what is used less than all that fills this memory pushes nothing out.
      if (!this.#holdings.isMine(target) || !this.#holdings.hasRoom(key, entry)) continue
      if (!entry.deleted && this.#mayReplaceForgotten(peer, target, { entry, at, isExpected })) continue
      try {
        const accepted = this.take(peer, target, { entry: entryFrom(entry, at.now), at })
        if (isExpected && accepted === 'stored' && !this.#former.isHolder(peer, target))
          this.#hearsay.add(key)
      } catch (error) {
        // One that is broken, or too large for this node, stops none of the others.
        if (!(error instanceof CacheMeshError)) throw error
      }
    }
  }

  /**
   * This node has no entry of the key: it may have evicted one that was written later. When it has held the key for long,
   * who is not the owner may have what somebody kept there once, while the owner could not be reached (seed 33 of 5,
   * storm-replicas). When it has just got the key, or expects something of this member, it takes more, or a hand-off would
   * lose entries. But a replica answers for the owner, and gets from him what it lacks: what others than those who held the
   * key kept in their place it does not take (seed 1028 of 5, storm-replicas).
   */
  #mayReplaceForgotten(
    peer: string,
    target: Target,
    {
      entry,
      at,
      isExpected,
    }: {
      readonly entry: { readonly version: number }
      readonly at: Instant
      readonly isExpected: boolean
    },
  ): boolean {
    const { store } = this.#holdings
    if (entry.version > store.owned.forgotten || store.latest(target.key) !== undefined) return false
    const former = this.#former
    if (!isExpected && former.isHolder(former.self, target)) return !this.#wasOwner(peer, target, at.now)
    const owner = this.#holdings.placement.owner(target.hash, target.key)
    return owner !== former.self && owner !== peer && !former.isHolder(peer, target)
  }

  /** An entry for a key that this node holds. Throws ERR_VALUE_TOO_LARGE. */
  take(
    peer: string,
    { key, hash }: Target,
    { entry, at }: { readonly entry: Entry; readonly at: Instant },
  ): Accepted {
    const fromOwner = this.#wasOwner(peer, { key, hash }, at.now)
    const accepted = accept(this.#holdings.store, { key, hash, entry, fromOwner }, at)
    if (accepted === 'stored') this.#changes++
    return accepted
  }

  /** It has owned the key all the time that this node knows of: nothing was deleted there that it still has. */
  #wasOwner(peer: string, { key, hash }: Target, now: number): boolean {
    const cameAt = this.#cameAt.get(peer)
    if (cameAt !== undefined && now - cameAt < NEWCOMER_MS) return false
    return this.#former.owner(hash, key) === peer
  }
}
