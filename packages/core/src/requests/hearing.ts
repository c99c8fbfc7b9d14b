// Which peers give signs of life while they owe an answer. Bytes that come from them count, whole frames or not, and
// bytes that they take, which flow control shows: so a large value on its way, in either direction, is no silence.

import type { KeyRequest } from './call.ts'
import type { Outlet } from './outlet.ts'

/** Between two sweeps while calls wait: so late may a call settle after its deadline. */
export const SWEEP_MS = 25

/** A member that was asked and from which nothing at all was heard for that long is passed over, ms. */
export const SILENCE_MS = 300

/** The same while it loads, of which it gives signs of life (flight/). */
const LOADING_SILENCE_MS = 1_000

/** Likewise, with the time until that is noticed: so long is waited for each of those who may be silent, ms. */
export const PASSED_OVER_MS = SILENCE_MS + 2 * SWEEP_MS

interface Heard {
  receivedBytes: number
  queuedBytes: number
  at: number
}

export class Hearing {
  readonly #links: ReadonlyMap<string, Outlet>
  /** Last sign of life of each peer. */
  readonly #heard = new Map<string, Heard>()
  #listened = 0
  #listenedAt = 0

  constructor(links: ReadonlyMap<string, Outlet>) {
    this.#links = links
  }

  /**
   * Ms that this node has listened. It stands still while the process is blocked: a node that was busy for
   * a second has heard nobody, and may not take that for silence.
   */
  get listened(): number {
    return this.#listened
  }

  begin(now: number): void {
    this.#listenedAt = now
  }

  /** Notes which peers gave a sign of life since the last time. */
  listen(now: number): void {
    this.#listened += Math.min(now - this.#listenedAt, 2 * SWEEP_MS)
    this.#listenedAt = now
    for (const [peer, { receivedBytes, queuedBytes }] of this.#links) {
      const heard = this.#heard.get(peer)
      if (heard === undefined) {
        this.#heard.set(peer, { receivedBytes, queuedBytes, at: 0 })
        continue
      }
      if (receivedBytes !== heard.receivedBytes || queuedBytes < heard.queuedBytes) heard.at = this.#listened
      heard.receivedBytes = receivedBytes
      heard.queuedBytes = queuedBytes
    }
  }

  /** Ms that a peer has been silent since it was asked. */
  silentFor(peer: string, askedAt: number): number {
    return this.#listened - Math.max(askedAt, this.#heard.get(peer)?.at ?? 0)
  }

  forget(peer: string): void {
    this.#heard.delete(peer)
  }

  forgetAll(): void {
    this.#heard.clear()
  }
}

/** How long a member that owes an answer may be silent; Infinity: as long as its link is up. */
export function silenceMs(kind: KeyRequest['kind']): number {
  if (kind === 'get' || kind === 'getMany' || kind === 'look') return SILENCE_MS
  return kind === 'load' ? LOADING_SILENCE_MS : Number.POSITIVE_INFINITY
}
