// Loads of peers: they wait in the flights of this node, or in those of the member that they are passed on to.

import { type CacheMeshError, FLAG, type Frame, type LoadWish } from '@cachemesh/protocol'
import type { Asked } from '../flight/flight.ts'
import type { Lease, Waiter } from '../flight/waiter.ts'
import type { Instant } from '../limits/instant.ts'
import type { Role } from '../placement/router.ts'
import type { Entry } from '../store/entry.ts'
import { moving, remainingTtl } from './execution.ts'
import type { NodeParts } from './node-parts.ts'
import type { KeyReply } from './reply.ts'

export interface PeerLoad {
  readonly asked: Asked
  readonly wish: LoadWish
  /** It asked this node, or passed on what another asked. */
  readonly peer: string
  readonly relayed: boolean
  /** Monotonic ms. */
  readonly deadline: number
  readonly reply: KeyReply
}

/** Serves a load of a peer here. */
export function serveLoad(node: NodeParts, load: PeerLoad, as: Role, at: Instant): void {
  const { asked, wish, reply } = load
  if (!wish.claim) {
    node.flights.ask(asked, new WaitingPeer(node, load, as), { as, at })
    return
  }
  if (as === 'last-resort') throw moving()
  const lease = node.flights.claim(asked, wish.leaseMs, at)
  reply.lease({ ...lease, holder: node.id })
}

/** Passes a lease on to the peer that asked. */
export function passLease(reply: KeyReply, frame: Frame, flags: number): void {
  const lease = frame.lease()
  const stale = frame.stale ? { version: frame.version(), ...frame.entry() } : undefined
  reply.lease(lease, stale, flags)
}

class WaitingPeer implements Waiter {
  readonly deadline: number
  readonly peer: string
  readonly relayed: boolean
  readonly leaseMs: number
  readonly staleAfterMs: number
  staleAt = Number.POSITIVE_INFINITY
  readonly #holder: string
  readonly #reply: KeyReply
  readonly #flags: number

  constructor({ id }: NodeParts, { deadline, peer, relayed, wish, reply }: PeerLoad, as: Role) {
    this.deadline = deadline
    this.peer = peer
    this.relayed = relayed
    this.leaseMs = wish.leaseMs
    this.staleAfterMs = wish.staleAfterMs
    this.#holder = id
    this.#reply = reply
    this.#flags = as === 'owner' ? 0 : FLAG.stoodIn
  }

  hit(entry: Entry, stale: boolean, now: number): void {
    const flags = this.#flags | (stale ? FLAG.stale : 0)
    this.#tell(() => this.#reply.found(entry, now, flags))
  }

  miss(absent: boolean): void {
    this.#tell(() => this.#reply.miss(this.#flags | (absent ? FLAG.absent : 0)))
  }

  leased(lease: Lease, stale: Entry | undefined, now: number): void {
    const entry = stale && { ...stale, ttlMs: remainingTtl(stale, now) }
    this.#tell(() => this.#reply.lease({ ...lease, holder: this.#holder }, entry, this.#flags))
  }

  waits(): void {
    this.#reply.waiting()
  }

  failedWith(error: CacheMeshError): void {
    this.#reply.error(error)
  }

  /** What cannot be sent to one of many is its own misfortune. */
  #tell(send: () => void): void {
    try {
      send()
    } catch (error) {
      this.#reply.error(error)
    }
  }
}
