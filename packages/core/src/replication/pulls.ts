// The side that lacks: of all who offered something it asks a few at a time, page by page, no faster than it should,
// and again when an answer does not come.

import { SLICES, type TransferMessage, type TransferredEntry } from '@cachemesh/protocol'
import type { Instant } from '../limits/instant.ts'
import { BOUNDS, TIMES } from '../limits/limits.ts'
import { Census, type CensusOf } from './census.ts'
import type { Holdings } from './holdings.ts'
import type { Send } from './offers.ts'
import { type Held, packPairs, Sums } from './slices.ts'

type OfferMessage = Extract<TransferMessage, { kind: 'offer' }>

interface Pull {
  readonly peer: string
  readonly offer: OfferMessage
  state: 'waiting' | 'counting' | 'asking' | 'paused' | 'done'
  /** While it counts what is here: what it goes on with. */
  counting: { readonly census: Census; readonly ask: (at: Instant) => Send[] } | undefined
  /** What was asked last, to ask it again. */
  asked: TransferMessage | undefined
  at: number
  attempts: number
  /** When the next page may be asked for. */
  nextAt: number
  page: number
  /** Slices that are known to be equal here and there. */
  equal: number
  whole: boolean
}

export interface PullsParts {
  readonly holdings: Holdings
  readonly linked: ReadonlySet<string>
  /** Before anything of this offer is asked for. */
  begins(peer: string, offer: OfferMessage): void
  takesFloors(floors: Uint8Array, at: Instant): void
  takes(peer: string, entries: readonly TransferredEntry[], at: Instant): void
  /** All that a peer had for this node is here; `whole`: both agree on who holds what. */
  ended(peer: string, offer: OfferMessage, whole: boolean): void
}

export class Pulls {
  readonly #parts: PullsParts
  readonly #pulls = new Map<string, Pull>()
  #transferredEntries = 0
  /** Undefined: it has to be looked up. */
  #wakeAt: number | undefined

  constructor(parts: PullsParts) {
    this.#parts = parts
  }

  /** Entries that came in transfers, in this life. */
  get transferredEntries(): number {
    return this.#transferredEntries
  }

  /** True while something comes for a reason. */
  get busy(): boolean {
    for (const { offer, state } of this.#pulls.values()) if (!offer.routine && state !== 'done') return true
    return false
  }

  /** Slices of all transfers that have a reason and are under way, and how many of them are done. */
  get progress(): { readonly done: number; readonly total: number } {
    const moving = this.#moving
    if (!this.busy) return { done: 0, total: 0 }
    const done = moving.reduce((sum, { state, equal }) => sum + (state === 'done' ? SLICES : equal), 0)
    return { done, total: moving.length * SLICES }
  }

  /** A peer has said that, by this ring, it has nothing for this node. */
  hasNothing(peer: string, ring: number): boolean {
    const pull = this.#pulls.get(peer)
    return pull?.state === 'done' && pull.offer.ring === ring && pull.offer.entries === 0
  }

  /** Something of it is under way. */
  open(peer: string): boolean {
    const pull = this.#pulls.get(peer)
    return pull !== undefined && pull.state !== 'done'
  }

  forget(peer: string): void {
    this.#wakeAt = undefined
    this.#pulls.delete(peer)
  }

  receive(from: string, message: TransferMessage, at: Instant): Send[] {
    this.#wakeAt = undefined
    if (message.kind === 'offer') return this.#offered(from, message, at)
    const pull = this.#pulls.get(from)
    if (pull === undefined || !('id' in message) || message.id !== pull.offer.id) return []
    if (pull.state !== 'asking') return []
    if (message.kind === 'differing' && pull.asked?.kind === 'compare')
      return this.#differs(pull, message, at)
    if (message.kind === 'page' && pull.asked?.kind === 'fetch' && message.page === pull.page)
      return this.#takes(pull, message, at)
    return []
  }

  #offered(from: string, offer: OfferMessage, at: Instant): Send[] {
    const known = this.#pulls.get(from)
    if (known?.offer.id === offer.id) {
      // It was said again because an answer got lost, or did not come yet.
      const { asked, state } = known
      return asked === undefined || !SPEAKING.includes(state) ? [] : [send(from, asked)]
    }
    const rest = { counting: undefined, attempts: 0, nextAt: 0, page: 0, equal: 0, whole: false } as const
    const pull: Pull = { peer: from, offer, state: 'waiting', asked: undefined, at: at.now, ...rest }
    this.#pulls.set(from, pull)
    return offer.entries === 0 && offer.since === 0 ? this.#end(pull, offer.ring, at) : this.#begin(at)
  }

  /** Asks again where nothing came, and goes on where it is time. */
  tick(at: Instant): Send[] {
    this.#wakeAt = undefined
    const sends: Send[] = []
    for (const pull of this.#pulls.values()) {
      const { peer, state, asked } = pull
      if (state === 'counting') sends.push(...this.#goOn(pull, at))
      if (state === 'paused' && at.now >= pull.nextAt) sends.push(...this.#fetch(pull, NOTHING, at))
      if (state !== 'asking' || at.now < pull.at + TIMES.transferRetryMs || asked === undefined) continue
      pull.at = at.now
      // Whoever has forgotten its offer makes another one.
      if (++pull.attempts > ATTEMPTS_MAX || !this.#parts.linked.has(peer)) this.#pulls.delete(peer)
      else sends.push(send(peer, asked))
    }
    return [...sends, ...this.#begin(at)]
  }

  get wakeAt(): number {
    this.#wakeAt ??= this.#nextAt()
    return this.#wakeAt
  }

  #nextAt(): number {
    let at = Number.POSITIVE_INFINITY
    for (const pull of this.#pulls.values()) {
      if (pull.state === 'asking') at = Math.min(at, pull.at + TIMES.transferRetryMs)
      if (pull.state === 'paused') at = Math.min(at, pull.nextAt)
      if (pull.state === 'counting') at = Math.min(at, pull.at + 1)
    }
    return at
  }

  get #moving(): Pull[] {
    return [...this.#pulls.values()].filter(({ offer }) => !offer.routine)
  }

  #begin(at: Instant): Send[] {
    const sends: Send[] = []
    let active = 0
    for (const { state } of this.#pulls.values()) if (state !== 'waiting' && state !== 'done') active++
    for (const pull of this.#pulls.values()) {
      if (active >= BOUNDS.transfersMax) break
      if (pull.state !== 'waiting') continue
      active++
      this.#parts.begins(pull.peer, pull.offer)
      sends.push(...this.#compare(pull, at))
    }
    return sends
  }

  #compare(pull: Pull, at: Instant): Send[] {
    const compare = (digests: Uint8Array, later: Instant): Send[] =>
      this.#ask(pull, { kind: 'compare', id: pull.offer.id, digests }, later)
    if (this.#parts.holdings.isEmpty) return compare(NOTHING, at)
    const sums = new Sums()
    const of = { peer: pull.peer, found: (held: Held) => sums.add(held) }
    return this.#count(pull, { of, ask: later => compare(sums.bytes, later) }, at)
  }

  #differs(
    pull: Pull,
    { slices, floors }: Extract<TransferMessage, { kind: 'differing' }>,
    at: Instant,
  ): Send[] {
    this.#parts.takesFloors(floors, at)
    pull.equal = SLICES - slices.length
    const all: Held[] = []
    const of = { peer: pull.peer, slices: new Set(slices), found: (held: Held) => all.push(held) }
    return this.#count(pull, { of, ask: later => this.#fetch(pull, packPairs(all), later) }, at)
  }

  #count(
    pull: Pull,
    { of, ask }: { readonly of: CensusOf; readonly ask: (at: Instant) => Send[] },
    at: Instant,
  ): Send[] {
    pull.state = 'counting'
    pull.counting = { census: new Census(this.#parts.holdings, of), ask }
    return this.#goOn(pull, at)
  }

  #goOn(pull: Pull, at: Instant): Send[] {
    pull.at = at.now
    if (pull.counting?.census.step() !== true) return []
    const { ask } = pull.counting
    pull.counting = undefined
    return ask(at)
  }

  #takes(
    pull: Pull,
    { entries, last, ring }: Extract<TransferMessage, { kind: 'page' }>,
    at: Instant,
  ): Send[] {
    this.#transferredEntries += entries.length
    this.#parts.takes(pull.peer, entries, at)
    if (last) return [...this.#end(pull, ring, at), ...this.#begin(at)]
    pull.page++
    pull.attempts = 0
    const bytes = entries.reduce((sum, { key, entry }) => sum + key.length + entry.value.length, 0)
    const restMs = Math.floor((bytes * 1_000) / BOUNDS.transferBytesPerSecond)
    if (restMs === 0) return this.#fetch(pull, NOTHING, at)
    pull.state = 'paused'
    pull.nextAt = at.now + restMs
    return []
  }

  #fetch(pull: Pull, held: Uint8Array, at: Instant): Send[] {
    return this.#ask(pull, { kind: 'fetch', id: pull.offer.id, page: pull.page, held }, at)
  }

  #ask(pull: Pull, message: TransferMessage, at: Instant): Send[] {
    Object.assign(pull, { state: 'asking', asked: message, at: at.now })
    return [send(pull.peer, message)]
  }

  #end(pull: Pull, ring: number, at: Instant): Send[] {
    const { peer, offer } = pull
    const whole = ring === this.#parts.holdings.placement.fingerprint
    const asked = { kind: 'fetched', id: offer.id, whole } as const
    Object.assign(pull, { state: 'done', whole, asked, at: at.now })
    this.#parts.ended(peer, offer, whole)
    return [send(peer, asked)]
  }
}

const ATTEMPTS_MAX = 10
/** What was asked, or said at the end, is said again when the other says his part again. */
const SPEAKING: readonly Pull['state'][] = ['asking', 'done']
const NOTHING = new Uint8Array(0)

function send(to: string, message: TransferMessage): Send {
  return { kind: 'send', to, message }
}
