// The side that has: it offers what others may lack to each of them, and answers what they ask. An offer is repeated
// until the other has what it wanted, or is gone; a new one takes the place of the one before.

import type { TransferMessage } from '@cachemesh/protocol'
import { TIMES } from '../limits/limits.ts'
import { Census } from './census.ts'
import type { Holdings } from './holdings.ts'
import { packFloors } from './packed-floors.ts'
import { Pages } from './pages.ts'
import { differingSlices, Sums, unpackPairs } from './slices.ts'

export interface Send {
  readonly kind: 'send'
  readonly to: string
  readonly message: TransferMessage
}

export interface OfferOf {
  readonly peer: string
  /** What there is to ask for; 0: nothing. */
  readonly entries: number
  readonly routine: boolean
  readonly since: number
}

interface Offer extends OfferOf {
  id: number
  /** When the other was last heard of, or spoken to. */
  at: number
  /** What the receiver said, until it asks for pages. */
  differing: ReadonlySet<number>
  fresh: boolean
  pages: Pages | undefined
  /** What the receiver asked for and has not got yet, for it takes more than one step. */
  work: Work | undefined
}

interface Work {
  /** Asked for again because the answer took long, it goes on. */
  readonly asked: string
  /** Goes on for some ms of computing. Returns undefined until it is done. */
  step(now: number): Send[] | undefined
}

export class Offers {
  readonly #holdings: Holdings
  readonly #linked: ReadonlySet<string>
  readonly #offers = new Map<string, Offer>()
  #lastId: number
  /** Undefined: it has to be looked up. */
  #wakeAt: number | undefined

  /** @param firstId of this life: numbers of an earlier one may still be on their way */
  constructor(holdings: Holdings, linked: ReadonlySet<string>, firstId: number) {
    this.#holdings = holdings
    this.#linked = linked
    this.#lastId = firstId
  }

  /** True while somebody may still need what this node has, for a reason. */
  get busy(): boolean {
    for (const peer of this.#offers.keys()) if (this.owes(peer)) return true
    return false
  }

  /** This member may. */
  owes(peer: string): boolean {
    const offer = this.#offers.get(peer)
    return offer !== undefined && !offer.routine && offer.entries > 0
  }

  /** Those that are not done. */
  get peers(): readonly string[] {
    return [...this.#offers.keys()]
  }

  /** Offers that have not come to their end. */
  open(peer: string): boolean {
    return this.#offers.has(peer)
  }

  make(of: OfferOf, now: number): Send[] {
    this.#wakeAt = undefined
    const before = this.#offers.get(of.peer)
    // What happened is not forgotten for a comparison that takes place anyway.
    if (of.routine && before !== undefined) return []
    // Who has no link gets an offer when it has one.
    if (of.entries === 0 && !this.#linked.has(of.peer)) return []
    const since = Math.max(of.since, before?.since ?? 0)
    const offer = {
      ...of,
      since,
      id: ++this.#lastId,
      at: now,
      differing: NONE,
      fresh: false,
      pages: undefined,
      work: undefined,
    }
    this.#offers.set(of.peer, offer)
    return this.#say(offer, now)
  }

  forget(peer: string): void {
    this.#wakeAt = undefined
    this.#offers.delete(peer)
  }

  /** What a peer asks, or says at the end. Returns undefined when it is about no offer of this node. */
  receive(from: string, message: TransferMessage, now: number): Send[] {
    const offer = this.#offers.get(from)
    if (offer === undefined || !('id' in message) || message.id !== offer.id) return []
    this.#wakeAt = undefined
    offer.at = now
    if (message.kind === 'fetched') this.#end(offer, message.whole, now)
    const asked =
      message.kind === 'compare' ? 'compare' : message.kind === 'fetch' ? `page ${message.page}` : undefined
    if (asked === undefined || offer.work?.asked === asked) return []
    if (message.kind === 'compare') offer.work = { asked, step: this.#compare(offer, message.digests) }
    if (message.kind === 'fetch') offer.work = { asked, step: this.#fetch(offer, message) }
    return this.#goOn(offer, now)
  }

  #goOn(offer: Offer, now: number): Send[] {
    offer.at = now
    const sends = offer.work?.step(now)
    if (sends === undefined) return []
    offer.work = undefined
    return sends
  }

  /** Says again what was not answered. Members that are gone for good get nothing. */
  tick(now: number, isMember: (peer: string) => boolean): Send[] {
    const sends: Send[] = []
    this.#wakeAt = undefined
    for (const offer of this.#offers.values()) {
      if (!isMember(offer.peer)) this.#offers.delete(offer.peer)
      else if (offer.work !== undefined) sends.push(...this.#goOn(offer, now))
      else if (now >= offer.at + TIMES.transferRetryMs) sends.push(...this.#say(offer, now))
    }
    return sends
  }

  get wakeAt(): number {
    this.#wakeAt ??= this.#nextAt()
    return this.#wakeAt
  }

  #nextAt(): number {
    let at = Number.POSITIVE_INFINITY
    for (const offer of this.#offers.values())
      at = Math.min(at, offer.at + (offer.work === undefined ? TIMES.transferRetryMs : 1))
    return at
  }

  #say(offer: Offer, now: number): Send[] {
    offer.at = now
    const { id, peer, entries, routine, since } = offer
    if (!this.#linked.has(peer)) return []
    const ring = this.#holdings.placement.fingerprint
    return [{ kind: 'send', to: peer, message: { kind: 'offer', id, ring, entries, routine, since } }]
  }

  #compare(offer: Offer, digests: Uint8Array): Work['step'] {
    const { peer, id } = offer
    offer.fresh = digests.length === 0
    offer.pages = undefined
    const sums = new Sums()
    const census = new Census(this.#holdings, { peer, found: held => sums.add(held) })
    return () => {
      if (!census.step()) return undefined
      const slices = differingSlices(sums.bytes, digests)
      offer.differing = new Set(slices)
      const floors = packFloors(this.#holdings.store.floors)
      return [{ kind: 'send', to: peer, message: { kind: 'differing', id, slices, floors } }]
    }
  }

  #fetch(offer: Offer, { page, held }: Extract<TransferMessage, { kind: 'fetch' }>): Work['step'] {
    const { peer, id, differing, fresh } = offer
    if (page === 0 || offer.pages === undefined)
      offer.pages = new Pages(this.#holdings, { peer, differing, held: unpackPairs(held), fresh })
    const { pages } = offer
    return now => {
      if (!pages.prepare()) return undefined
      const found = pages.page(page, now)
      const ring = this.#holdings.placement.fingerprint
      const head = { kind: 'page', id, page, ring } as const
      return found === undefined ? [] : [{ kind: 'send', to: peer, message: { ...head, ...found } }]
    }
  }

  #end(offer: Offer, whole: boolean, now: number): void {
    if (whole) this.#offers.delete(offer.peer)
    // The two did not agree on who holds what: from the beginning, when they may.
    else
      Object.assign(offer, {
        id: ++this.#lastId,
        pages: undefined,
        work: undefined,
        at: now - TIMES.transferRetryMs + AGAIN_MS,
      })
  }
}

/** So soon is offered again what came before the two agreed, ms. */
const AGAIN_MS = 200
const NONE: ReadonlySet<number> = new Set()
