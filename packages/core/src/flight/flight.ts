import { CacheMeshError, splitKey } from '@cachemesh/protocol'
import type { Role } from '../placement/router.ts'
import type { Entry } from '../store/entry.ts'
import type { Waiter } from './waiter.ts'

/** A key, and its hash. */
export interface Asked {
  readonly key: string
  readonly hash: number
}

/** How many wait at a node, whatever for. */
export interface Crowd {
  size: number
}

/** One load that is under way, and who waits for it here. */
export class Flight implements Asked {
  readonly key: string
  readonly hash: number
  /** What this node is to the key: only an owner keeps what is loaded. */
  as: Role
  /** Of the lease that holds now. */
  token = 0
  /** When that lease is over, monotonic ms. */
  until = 0
  /** Who loads: a peer, '' a program of this process. */
  holder = ''
  /** Leases that ended without a fill. */
  lapsed = 0
  readonly #crowd: Crowd
  /** In the order in which they came. */
  #waiters: Waiter[] = []

  constructor({ key, hash }: Asked, as: Role, crowd: Crowd) {
    this.key = key
    this.hash = hash
    this.as = as
    this.#crowd = crowd
  }

  get isAwaited(): boolean {
    return this.#waiters.length > 0
  }

  add(waiter: Waiter): void {
    this.#waiters.push(waiter)
    this.#crowd.size++
  }

  /** The first who can load; it waits no more. */
  takeLoader(): Waiter | undefined {
    const loader = this.#waiters.find(waiter => waiter.leaseMs > 0)
    if (loader !== undefined) this.#keep(waiter => waiter !== loader)
    return loader
  }

  /** Those who asked over this link hear nothing any more. */
  drop(peer: string): void {
    this.#keep(waiter => waiter.peer !== peer)
  }

  /** Tells all who wait, who wait no more. */
  tell(tell: (waiter: Waiter) => void): void {
    const waiters = this.#waiters
    this.#keep(() => false)
    for (const waiter of waiters) tell(waiter)
  }

  /** Ends the waiting of those whose time is over, and of those who take what is stale instead. */
  sweep(now: number, stale: Entry | undefined): void {
    const isOver = (waiter: Waiter): boolean =>
      now >= waiter.deadline || (stale !== undefined && now >= waiter.staleAt)
    const over = this.#waiters.filter(isOver)
    if (over.length === 0) return
    this.#keep(waiter => !isOver(waiter))
    for (const waiter of over) {
      if (stale !== undefined) waiter.hit(stale, true, now)
      else waiter.failedWith(late(this.key))
    }
  }

  /** One of each peer hears that its request is in good hands; those whose request was passed on hear it each. */
  sayWaiting(peers: Set<string>): void {
    for (const waiter of this.#waiters) {
      if (!waiter.relayed && peers.has(waiter.peer)) continue
      peers.add(waiter.peer)
      waiter.waits()
    }
  }

  #keep(isKept: (waiter: Waiter) => boolean): void {
    const before = this.#waiters.length
    this.#waiters = this.#waiters.filter(isKept)
    this.#crowd.size -= before - this.#waiters.length
  }
}

function late(qualified: string): CacheMeshError {
  const { key } = splitKey(qualified)
  return new CacheMeshError('ERR_TIMEOUT', `Key ${JSON.stringify(key)} was not loaded before the deadline`)
}
