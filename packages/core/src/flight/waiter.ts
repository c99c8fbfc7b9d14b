import type { CacheMeshError } from '@cachemesh/protocol'
import type { Entry } from '../store/entry.ts'

/** The right to load a key, for one. */
export interface Lease {
  /** A version of the clock of the member that granted it: whatever is written later is newer. */
  readonly token: number
  /** How long it holds, ms from when it was granted. */
  readonly leaseMs: number
}

/** Somebody who asked for a key and hears of it once: a program of this process, or a peer. */
export interface Waiter {
  /** Monotonic ms. It is told something by then. */
  readonly deadline: number
  /** The peer that asked; '' is this process. */
  readonly peer: string
  /** The peer asked for another one, which hears nothing else of this node. */
  readonly relayed: boolean
  /** How long it would need a lease for, ms; 0: it cannot load. */
  readonly leaseMs: number
  /** How long it waits for a fresh value while there is a stale one, ms. */
  readonly staleAfterMs: number
  /** Monotonic ms at which it takes the stale one. Set by the flight. */
  staleAt: number

  /** `now`: monotonic ms, at which the entry has not expired. */
  hit(entry: Entry, stale: boolean, now: number): void
  /** `absent`: the data store has nothing either. Otherwise nobody asked it. */
  miss(absent: boolean): void
  /** It is the one who loads; `stale` is what it may use meanwhile. */
  leased(lease: Lease, stale: Entry | undefined, now: number): void
  /** It begins to wait, or still waits. */
  waits(): void
  failedWith(error: CacheMeshError): void
}
