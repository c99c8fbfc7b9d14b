// Requests of each peer that wait here: for another member, for a load, for those who keep copies. One peer alone cannot
// take all the room there is.

import type { AlteredBody, EntryBody, Frame, LeaseBody, VersionedEntry } from '@cachemesh/protocol'
import { CacheMeshError } from '@cachemesh/protocol'
import { BOUNDS } from '../limits/limits.ts'
import { KeyReply } from './reply.ts'

export class Callers {
  /** Those of which something waits. */
  readonly #callers = new Map<string, Caller>()

  /** Requests of this peer that wait. */
  waiting(peer: string): number {
    return this.#callers.get(peer)?.waiting ?? 0
  }

  /** The way back of a request that may have to wait. Throws ERR_OVERLOADED when too many of this peer do. */
  begin(peer: string, reply: KeyReply): KeyReply {
    let caller = this.#callers.get(peer)
    if (caller === undefined) {
      caller = { peer, waiting: 0 }
      this.#callers.set(peer, caller)
    }
    if (caller.waiting >= BOUNDS.callerWaitingMax) {
      throw new CacheMeshError(
        'ERR_OVERLOADED',
        `${caller.waiting} requests of member ${peer} wait here already; try again`,
      )
    }
    caller.waiting++
    return new CountedReply(reply, this, caller)
  }

  /** One of its requests was answered. */
  end(caller: Caller): void {
    if (--caller.waiting === 0) this.#callers.delete(caller.peer)
  }
}

interface Caller {
  readonly peer: string
  waiting: number
}

/** Tells when the answer has left. */
class CountedReply extends KeyReply {
  readonly #reply: KeyReply
  readonly #callers: Callers
  readonly #caller: Caller
  #waits = true

  constructor(reply: KeyReply, callers: Callers, caller: Caller) {
    super()
    this.#reply = reply
    this.#callers = callers
    this.#caller = caller
  }

  override pass(answer: Frame, flags: number): void {
    this.#reply.pass(answer, flags)
    this.#ended()
  }

  hit(version: number, entry: EntryBody, flags?: number, leaseMs?: number): void {
    this.#reply.hit(version, entry, flags, leaseMs)
    this.#ended()
  }

  miss(flags?: number): void {
    this.#reply.miss(flags)
    this.#ended()
  }

  done(written: { readonly version: number; readonly existed: boolean }, flags?: number): void {
    this.#reply.done(written, flags)
    this.#ended()
  }

  altered(altered: AlteredBody & { readonly existed: boolean }, flags?: number): void {
    this.#reply.altered(altered, flags)
    this.#ended()
  }

  override lease(lease: LeaseBody, stale?: VersionedEntry, flags?: number): void {
    this.#reply.lease(lease, stale, flags)
    this.#ended()
  }

  override waiting(): void {
    this.#reply.waiting()
  }

  override settled(): void {
    this.#reply.settled()
    this.#ended()
  }

  error(error: unknown): void {
    this.#reply.error(error)
    this.#ended()
  }

  #ended(): void {
    if (this.#waits) this.#callers.end(this.#caller)
    this.#waits = false
  }
}
