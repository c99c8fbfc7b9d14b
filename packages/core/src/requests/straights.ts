// Answers that do not go back the way their requests came: a get that is passed on to the owner of its key is answered by
// the owner to who asked first (decision 0059). Whoever passed it on keeps it until it hears that, for as long as it is
// the one who sees to an answer. Nobody waits for that word, so many requests are settled by one frame.
//
// The answer may get lost, for the way between these two is not the way of the request. Whoever asked hears from the
// member that it asked that there was one, and has that member answer itself when it does not come.

import { type Frame, KIND, unpackSettled } from '@cachemesh/protocol'
import type { Instant } from '../limits/instant.ts'
import type { Call } from './call.ts'
import type { Outlet } from './outlet.ts'
import { Pace } from './pace.ts'
import type { PendingCalls } from './pending-calls.ts'
import { Settlements } from './settlements.ts'

/** An answer that has left comes within so much, or not at all, ms that this node has listened. */
const LOST_MS = 100
/** When one was lost, for how long answers come by the way of the requests alone, ms. */
const RELAYED_MS = 10_000

/** True for an answer to this call, whoever it comes from. It may be for a process that is no more: it shows the key too. */
export function isStraight(frame: Frame, { straight, origin, request }: Call): boolean {
  const { kind, forwarded, budgetMs } = frame
  if (straight !== true || origin !== undefined || !forwarded) return false
  return (kind === KIND.hit || kind === KIND.miss) && budgetMs === shown(request.hash)
}

/** What a straight answer shows of its key. */
export function shown(hash: number): number {
  return hash & 0xffff
}

export interface StraightParts {
  readonly pending: PendingCalls
  readonly outlet: (peer: string) => Outlet | undefined
  readonly dispatch: (call: Call, at: Instant) => void
}

export class Straights {
  readonly #parts: StraightParts
  readonly #settlements = new Settlements()
  /** Requests of this node that were answered, and since when, by id. Most answers were here before. */
  readonly #answered = new Map<number, number>()
  #relayedUntil = 0
  /** Of those who answer somebody else: how fast they are is not seen here. */
  readonly pace = new Pace()

  constructor(parts: StraightParts) {
    this.#parts = parts
  }

  /** Before a call is sent: what it takes. */
  prepare(call: Call, now: number): void {
    if (this.#relayedUntil !== 0 && call.origin === undefined && now < this.#relayedUntil)
      call.straight = false
  }

  /** A request that this peer has passed on was answered to who asked first. */
  settle(by: Outlet, id: number): void {
    this.#settlements.add(by, id)
  }

  /** Requests that this peer was asked are settled. `listened`: as calls have it. */
  settled(from: Outlet, frame: Frame, listened: number): void {
    const { pending, outlet } = this.#parts
    for (const id of unpackSettled(frame.rest())) {
      const call = pending.get(id)
      if (call === undefined || call.to !== from.peer || call.straight !== true) continue
      if (call.origin === undefined) {
        this.#answered.set(id, listened)
        continue
      }
      pending.delete(id)
      call.settled?.()
      const asker = outlet(call.hops[0] as string)
      if (asker !== undefined) this.settle(asker, call.origin)
    }
  }

  /** Tells what was not told yet, and asks again for what got lost. */
  sweep(at: Instant, listened: number): void {
    this.#settlements.tell()
    if (this.#answered.size === 0) return
    const { pending, dispatch } = this.#parts
    for (const [id, since] of this.#answered) {
      const call = pending.get(id)
      if (call !== undefined && listened - since <= LOST_MS) continue
      this.#answered.delete(id)
      if (call === undefined) continue
      this.#relayedUntil = at.now + RELAYED_MS
      pending.delete(id)
      call.straight = false
      dispatch(call, at)
    }
  }
}
