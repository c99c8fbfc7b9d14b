// The owner's side of copies: who holds one of which key, and until when at the latest.

import { BOUNDS } from '../limits/limits.ts'

/**
 * What this node granted. A copy is dead when its lease is over, whatever happens to its holder or to the way there, so
 * nothing here has to survive a crash: a new owner that knows of no grants may write at once, and what the old one
 * granted outlives that write by a lease at most.
 */
export class Grants {
  /** By key: until when each holder may answer from its copy, monotonic ms. */
  readonly #holders = new Map<string, Map<string, number>>()
  #sweepAt = Number.POSITIVE_INFINITY

  /** Keys of which there are copies. */
  get size(): number {
    return this.#holders.size
  }

  /** When `sweep` has something to do, monotonic ms. */
  get wakeAt(): number {
    return this.#sweepAt
  }

  /** False when too many keys have copies already: then none is granted. */
  grant(
    key: string,
    peer: string,
    { now, leaseMs }: { readonly now: number; readonly leaseMs: number },
  ): boolean {
    let holders = this.#holders.get(key)
    if (holders === undefined) {
      if (this.#holders.size >= BOUNDS.grantedKeysMax) return false
      holders = new Map()
      this.#holders.set(key, holders)
    }
    // A holder counts from before its request left: its copy ends before this.
    holders.set(peer, now + leaseMs)
    this.#sweepAt = Math.min(this.#sweepAt, now + leaseMs)
    return true
  }

  /** Whoever may still hold a copy, and until when. They are forgotten: the caller tells them. */
  revoke(key: string, now: number): { readonly peer: string; readonly until: number }[] {
    const holders = this.#holders.get(key)
    if (holders === undefined) return []
    this.#holders.delete(key)
    return [...holders].filter(([, until]) => until > now).map(([peer, until]) => ({ peer, until }))
  }

  /** Members that hold copies of a key now. */
  holders(key: string, now: number): string[] {
    return [...(this.#holders.get(key) ?? [])].filter(([, until]) => until > now).map(([peer]) => peer)
  }

  sweep(now: number): void {
    if (now < this.#sweepAt) return
    this.#sweepAt = Number.POSITIVE_INFINITY
    for (const [key, holders] of this.#holders) {
      for (const [peer, until] of holders) {
        if (until <= now) holders.delete(peer)
        else this.#sweepAt = Math.min(this.#sweepAt, until)
      }
      if (holders.size === 0) this.#holders.delete(key)
    }
  }
}
