// A read that waits longer than most for its answer is asked a second time, of another member that keeps the entry, and
// the first that has it answers (decision 0046). Only where every write that was acknowledged is on all members that
// keep the entry: elsewhere a second answer could be older than what the program has just written. The second member
// answers out of its memory or not at all: it asks nobody, loads nothing, and what it does not say is held against
// nobody. Of all reads few may be asked twice: a mesh that is slow because it is busy must not be made busier.

import type { Frame } from '@cachemesh/protocol'
import type { Instant } from '../limits/instant.ts'
import type { Call } from './call.ts'
import { closed, late } from './call-errors.ts'
import { SWEEP_MS } from './hearing.ts'
import type { NodeParts } from './node-parts.ts'
import type { Outlets } from './outlet.ts'
import type { Pace } from './pace.ts'
import type { PendingCalls } from './pending-calls.ts'
import { keptForAll } from './spare-answer.ts'
import { SpareRead } from './spare-read.ts'
import { TokenBucket } from './token-bucket.ts'

/** Between two looks for reads that wait for too long, ms; nobody is asked a second time in less. */
const LOOK_MS = 5
/** Share of the reads that are asked a second time, and how many in one go. */
const SHARE = 0.05
const BURST = 20
/** Frames of another configuration came so lately that this node may not know yet who keeps what, ms. */
const UNSETTLED_MS = 1_000
/** An answer that is to be had within this time is soon enough, ms. */
const SOON_MS = 2
/** Somebody who keeps the entry may lack it, and then two were asked: he has to be so many times quicker. */
const WORTH = 2
/** Every so many reads an owner is asked that is slow, or nobody would know when it is not any more. */
const PROBES = 32

/** Reads that were asked of somebody else than the owner of their key. */
export interface ReadStats {
  /** Asked a second time, and how many of them were answered by the second. */
  readonly hedged: number
  readonly won: number
  /** Asked of somebody else at once, whose answer was to be had sooner. */
  readonly spread: number
  /** Answered by this node, which keeps the entry for its owner. */
  readonly here: number
}

export interface HedgeParts {
  readonly node: NodeParts
  readonly outlets: Outlets
  readonly pending: PendingCalls
  /** Has a call answered out of this node's memory. */
  readonly serve: (call: Call, at: Instant) => void
  readonly dispatch: (call: Call, at: Instant) => void
  readonly paceOf: (peer: string) => Pace
  /** A call that was answered by somebody else waits for nothing any more. */
  readonly forget: (id: number, call: Call) => void
}

export class Hedges {
  readonly #parts: HedgeParts
  readonly #budget = new TokenBucket({ share: SHARE, burst: BURST })
  #wakeAt = Number.POSITIVE_INFINITY
  #unsettledUntil = 0
  #turn = 0
  /** The call that goes to its owner now, whoever else might answer it. */
  #resuming: Call | undefined
  #hedged = 0
  #won = 0
  #spread = 0
  #here = 0

  constructor(parts: HedgeParts) {
    this.#parts = parts
  }

  get stats(): ReadStats {
    return { hedged: this.#hedged, won: this.#won, spread: this.#spread, here: this.#here }
  }

  /** When `look` is to be called, monotonic ms. */
  get wakeAt(): number {
    return this.#wakeAt
  }

  /** Somebody knows another configuration. What he has answered may be on others than this node thinks. */
  unsettled(now: number): void {
    this.#unsettledUntil = now + UNSETTLED_MS
  }

  /** True for a read of this node's own program that others than the owner may answer. */
  applies({ request, hops, failed, parts }: Call): boolean {
    const { placement, rules } = this.#parts.node
    if (
      !placement.replicates ||
      rules.hedges === 0 ||
      hops.length > 0 ||
      failed.length > 0 ||
      parts !== undefined
    )
      return false
    const isRead = request.kind === 'get' || (request.kind === 'load' && request.wish?.claim === false)
    return isRead && placement.isOnAll(request.key)
  }

  /** A read to which this applies was sent to the owner under an id. */
  sent(id: number, now: number): void {
    this.#budget.earn(1)
    this.#parts.pending.watch(id, now)
    if (this.#wakeAt === Number.POSITIVE_INFINITY) this.#wakeAt = now + LOOK_MS
  }

  /**
   * Has a read answered by somebody who does so sooner than its owner, if there is one: this node itself, or of two
   * members the one that costs less.
   */
  divert(call: Call, owner: string, at: Instant): boolean {
    if (call === this.#resuming) return false
    if (at.now >= this.#unsettledUntil && keptForAll(this.#parts.node, call.request, at.now) !== undefined) {
      this.#here++
      this.#parts.serve(call, at)
      return true
    }
    const { costMs } = this.#parts.paceOf(owner)
    if (costMs < SOON_MS || ++this.#turn % PROBES === 0) return false
    const other = this.#another(call, owner, at.now)
    if (other === undefined || this.#parts.paceOf(other).costMs * WORTH > costMs) return false
    this.#spread++
    this.#ask(call, { id: 0, other, owner }, at)
    return true
  }

  /** Asks a second time for what waits for too long. */
  look(at: Instant): void {
    const { now } = at
    if (now < this.#wakeAt) return
    // Whoever was busy finds answers in its sockets that it has not read yet.
    const isLate = now - this.#wakeAt > 2 * LOOK_MS
    const { pending } = this.#parts
    let left = 0
    pending.forEachWatched((call, id, since) => {
      // What ends with the next sweep is not asked any more.
      if (call.deadline - now <= SWEEP_MS) pending.watch(id, 0)
      else if (isLate || now - since < LOOK_MS || !this.#hedge(call, id, { at, forMs: now - since })) left++
      else pending.watch(id, 0)
    })
    this.#wakeAt = left === 0 ? Number.POSITIVE_INFINITY : now + LOOK_MS
  }

  /**
   * True when it need not be looked at again. An answer is late when 95 of 100 of the member that was asked have come by
   * then; of one that is slow all the time, when two of the other one could have come.
   */
  #hedge(call: Call, id: number, { at, forMs }: { readonly at: Instant; readonly forMs: number }): boolean {
    const { pending, paceOf } = this.#parts
    const pace = pending.paceOf(id)
    const isSpare = call instanceof SpareRead
    const other = isSpare ? call.owner : this.#another(call, call.to, at.now)
    if (other === undefined) return true
    if (forMs < Math.min(pace.usualMs, WORTH * paceOf(other).usualMs)) return false
    if (!this.#budget.spend()) return true
    this.#hedged++
    // What takes so long is known to take so long at least.
    if (pace.measures(id)) pace.took(at.now)
    if (isSpare) this.#resume(call, at)
    else this.#ask(call, { id, other }, at)
    return true
  }

  /** The read goes to its owner after all. */
  #resume(spare: SpareRead, at: Instant): void {
    const { pending } = this.#parts
    const { original } = spare
    this.#send(original, at)
    const { lastId } = pending
    // It may have ended at once.
    spare.waitsAs = pending.get(lastId) === original ? lastId : -1
  }

  #send(call: Call, at: Instant): void {
    this.#resuming = call
    this.#parts.dispatch(call, at)
    this.#resuming = undefined
  }

  #ask(
    call: Call,
    { id, other, owner = call.to }: { readonly id: number; readonly other: string; readonly owner?: string },
    at: Instant,
  ): void {
    const spare = new SpareRead(call, { only: other, waitsAs: id, owner, ends: this })
    const { pending, dispatch } = this.#parts
    dispatch(spare, at)
    // A read that was diverted is asked of its owner when that takes too long.
    if (id === 0 && pending.get(pending.lastId) === spare) this.sent(pending.lastId, at.now)
  }

  /** Another member that keeps the entry, with a link to it; of several each in turn. */
  #another({ request }: Call, asked: string, now: number): string | undefined {
    if (now < this.#unsettledUntil) return undefined
    const { node, outlets } = this.#parts
    const holders = node.placement.holders(request)
    for (let i = 0; i < holders.length; i++) {
      const id = holders[(this.#turn + i) % holders.length] as string
      if (id !== asked && id !== node.id && outlets.link(id) !== undefined) return id
    }
    return undefined
  }

  /** The second member has the entry. */
  found(spare: SpareRead, frame: Frame, at: Instant): void {
    const { original, waitsAs } = spare
    const { pending, forget } = this.#parts
    if (waitsAs > 0) {
      if (pending.get(waitsAs) !== original) return
      this.#won++
      forget(waitsAs, original)
    } else if (waitsAs < 0) return
    original.to = spare.to
    original.answered(frame, at)
  }

  /** The second member cannot say. */
  missed(spare: SpareRead, at: Instant | undefined): void {
    const { original, waitsAs } = spare
    if (waitsAs !== 0) return
    spare.waitsAs = -1
    if (at === undefined) original.failedWith(closed())
    else if (at.now >= original.deadline) original.failedWith(late(original.request), at)
    else this.#send(original, at)
  }
}
