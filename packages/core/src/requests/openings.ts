// Calls to members to which there is no link yet: one is being opened, and they wait for it. Each waits no longer than
// it can and still ask all others who may answer it; and when a link took too long the member is not waited for again
// for a while. Loads wait longer: whoever passes over the owner makes somebody else load the same. It opens no link and
// sends no call.

import type { Call, KeyRequest } from './call.ts'

/** A member to which no link could be opened is not waited for again for so long, ms. */
const UNOPENED_MS = 2_000

/** A load waits so long for a link, ms. */
const LOAD_MS = 1_000

interface Opening {
  readonly since: number
  calls: Waiting[]
}

interface Waiting {
  readonly call: Call
  readonly until: number
}

export interface OpeningsClock {
  /** Monotonic ms. */
  readonly now: number
  /** Ms that this node has listened. */
  readonly listened: number
  /** How long a link to this member may take, ms that this node has listened. */
  patienceMs(peer: string): number
}

export class Openings {
  readonly #openings = new Map<string, Opening>()
  /** Members to which none could be opened, and until when that is believed; by loads too, when that took longer. */
  readonly #unopened = new Map<string, { readonly until: number; readonly alsoByLoads: boolean }>()

  /** There is something to sweep. */
  get any(): boolean {
    return this.#openings.size > 0 || this.#unopened.size > 0
  }

  has(peer: string): boolean {
    return this.#openings.has(peer)
  }

  count(peer: string): number {
    return this.#openings.get(peer)?.calls.length ?? 0
  }

  /** None could be opened just now: a call of this kind does not wait for it. */
  hasFailed(peer: string, kind: KeyRequest['kind']): boolean {
    const unopened = this.#unopened.get(peer)
    return unopened !== undefined && (kind !== 'load' || unopened.alsoByLoads)
  }

  /** @param when since when and until when the call waits, ms that this node has listened. */
  add(peer: string, call: Call, { since, until }: { readonly since: number; readonly until: number }): void {
    const opening = this.#openings.get(peer) ?? { since, calls: [] }
    this.#openings.set(peer, opening)
    opening.calls.push({ call, until })
  }

  /** The calls that wait for this member wait no more. */
  take(peer: string): readonly Call[] {
    const calls = this.#openings.get(peer)?.calls ?? []
    this.#openings.delete(peer)
    return calls.map(({ call }) => call)
  }

  opened(peer: string): readonly Call[] {
    this.#unopened.delete(peer)
    return this.take(peer)
  }

  /** Takes out the calls whose time is over, or whose member's. */
  sweep({ now, listened, patienceMs }: OpeningsClock): readonly Call[] {
    for (const [peer, { until }] of this.#unopened) if (now >= until) this.#unopened.delete(peer)
    const over: Call[] = []
    for (const [peer, opening] of this.#openings) {
      const waitedMs = listened - opening.since
      const alsoByLoads = waitedMs > LOAD_MS
      if (waitedMs > patienceMs(peer)) this.#unopened.set(peer, { until: now + UNOPENED_MS, alsoByLoads })
      const waiting: Waiting[] = []
      for (const each of opening.calls) {
        const isOver = listened > each.until || this.hasFailed(peer, each.call.request.kind)
        if (isOver || now >= each.call.deadline) over.push(each.call)
        else waiting.push(each)
      }
      opening.calls = waiting
      if (waiting.length === 0) this.#openings.delete(peer)
    }
    return over
  }

  close(): readonly Call[] {
    return [...this.#openings.keys()].flatMap(peer => this.take(peer))
  }
}
