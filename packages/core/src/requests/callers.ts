// Requests of each peer that wait here: for another member, for a load, for those who keep copies. One peer alone cannot
// take all the room there is.

import type { AlteredBody, EntryBody, Frame, LeaseBody, VersionedEntry } from '@cachemesh/protocol'
import { CacheMeshError } from '@cachemesh/protocol'
import { BOUNDS } from '../limits/limits.ts'
import { KeyReply } from './reply.ts'

export class Callers {
  readonly #waiting = new Map<string, number>()

  /** Requests of this peer that wait. */
  waiting(peer: string): number {
    return this.#waiting.get(peer) ?? 0
  }

  /** The way back of a request that may have to wait. Throws ERR_OVERLOADED when too many of this peer do. */
  begin(peer: string, reply: KeyReply): KeyReply {
    const waiting = this.waiting(peer)
    if (waiting >= BOUNDS.callerWaitingMax) {
      throw new CacheMeshError(
        'ERR_OVERLOADED',
        `${waiting} requests of member ${peer} wait here already; try again`,
      )
    }
    this.#waiting.set(peer, waiting + 1)
    return new CountedReply(reply, this, peer)
  }

  /** One of this peer's requests was answered. */
  end(peer: string): void {
    const waiting = this.waiting(peer) - 1
    if (waiting > 0) this.#waiting.set(peer, waiting)
    else this.#waiting.delete(peer)
  }
}

/** Tells when the answer has left. */
class CountedReply extends KeyReply {
  readonly #reply: KeyReply
  readonly #callers: Callers
  readonly #peer: string
  #waits = true

  constructor(reply: KeyReply, callers: Callers, peer: string) {
    super()
    this.#reply = reply
    this.#callers = callers
    this.#peer = peer
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
    if (this.#waits) this.#callers.end(this.#peer)
    this.#waits = false
  }
}
