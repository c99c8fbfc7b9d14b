// What changed, and who is to hear of it: everybody by an announcement of who wrote it, a few directly, and those whom
// gossip does not reach yet. In a storm of changes each node says less often what more of them come to.

import {
  type Configuration,
  type Delta,
  deltaTo,
  type Message,
  summaryOf,
  type Version,
} from '@cachemesh/protocol'
import { BOUNDS, TIMES } from '../limits/limits.ts'
import type { Listeners } from './listeners.ts'
import { Pace } from './pace.ts'

export type SpreadOutput =
  | { readonly kind: 'send'; readonly to: string; readonly message: Message }
  | { readonly kind: 'announce'; readonly delta: Delta }

export class Spread {
  readonly #current: () => Configuration
  readonly #listeners: Listeners
  readonly #heldBy: (peer: string) => string | undefined
  /** Documents that others hold and that are to be told what changed since. */
  readonly #unannounced: Configuration[] = []
  /** Something of that was written here. */
  #wrote = false
  readonly #wrotePace = new Pace({ burst: BOUNDS.spreadBurst, intervalMs: TIMES.spreadMs })
  readonly #joinedPace = new Pace({ burst: 1, intervalMs: TIMES.spreadMs })
  readonly #tellPace = new Pace({ burst: BOUNDS.tellBurst, intervalMs: TIMES.spreadMs })
  /** What was held when those were told last whom gossip does not reach yet, if they are to be told again. */
  #untold: Configuration | undefined
  /** Likewise for a few others: they are told at the end of the step, unless this node has said enough of late. */
  #untoldFew: Configuration | undefined
  /** The digest of the current document, and from when on peers should know it. */
  #steady = ''
  #steadyAt = 0

  constructor(parts: {
    readonly current: () => Configuration
    readonly listeners: Listeners
    /** The digest that a peer last said it holds. */
    readonly heldBy: (peer: string) => string | undefined
  }) {
    this.#current = parts.current
    this.#listeners = parts.listeners
    this.#heldBy = parts.heldBy
  }

  get wakeAt(): number {
    const pace = this.#wrote ? this.#wrotePace : this.#joinedPace
    const announce = this.#unannounced.length > 0 ? pace.nextAt : Number.POSITIVE_INFINITY
    const untold = this.#untold ?? this.#untoldFew
    return untold === undefined ? announce : Math.min(announce, this.#tellPace.nextAt)
  }

  /** True when the current document has been known here for so long that others should know it too. */
  isSteady(now: number): boolean {
    return this.#current().version.digest === this.#steady && now >= this.#steadyAt
  }

  /**
   * The document changed here and not where `since` is held: everybody shall hear of it. What is written on top of a
   * document that was made in the same step travels with that: nobody else holds it, and all would have to pull.
   */
  wrote(since: Configuration): void {
    if (this.#unannounced.length === 0) this.#unannounced.push(since)
    this.#wrote = true
  }

  /**
   * Documents became one that no side has. Each is held by the members that are in it: a node that is just joining has
   * a document that nobody else holds, and telling the mesh what changed since that would make everybody pull. Of many
   * that others held one after the other it is the last of the largest, most likely, that is held there now.
   */
  merged(theirs: readonly Configuration[], mine: Configuration): void {
    if (this.#unannounced.length > 0) return
    const byHolders = theirs.toReversed().sort((a, b) => b.living - a.living)
    const [largest] = byHolders
    const held = [mine, ...byHolders].filter(it => it.living > 1 || (it === largest && mine.living <= 1))
    this.#unannounced.push(...held.slice(0, BOUNDS.basesMax).sort((a, b) => b.living - a.living))
  }

  /** This document came by gossip, which passes it on to those whom it reaches. */
  announced(before: Configuration, now: number, from: string): readonly SpreadOutput[] {
    return this.#tellYoung(before, now, from)
  }

  /**
   * It came from a peer. Whoever wrote it has announced it: a second announcement by everybody who hears of it would cost
   * N times N messages. A few are told, and each for whom it is news tells a few more: log N rounds.
   */
  learnt(before: Configuration, now: number, from?: string): readonly SpreadOutput[] {
    this.#untoldFew ??= before
    return this.#tellYoung(before, now, from)
  }

  /** Somebody has announced this document: what this node would say of it everybody hears from there. */
  heardByAll({ digest }: Version): void {
    if (digest !== this.#current().version.digest) return
    this.#untoldFew = undefined
    if (!this.#wrote) this.#unannounced.length = 0
  }

  /** At the end of each step. */
  due(now: number, urgent: boolean): SpreadOutput[] {
    const { digest } = this.#current().version
    if (digest !== this.#steady) {
      this.#steady = digest
      this.#steadyAt = now + TIMES.newsMs
    }
    return [...this.#announce(now, urgent), ...this.#tellLate(now)]
  }

  /**
   * The announcement reaches everybody whom gossip already connects; a link that is seconds old is not among them, so
   * those behind such links are told directly, and a few others.
   */
  #announce(now: number, urgent: boolean): readonly SpreadOutput[] {
    if (this.#unannounced.length === 0) return NOTHING
    // The first change goes at once; in a storm of them each node speaks so often at most, of all it knows by then.
    const mayGo = this.#wrote ? this.#wrotePace.take(now) : this.#joinedPace.take(now, this.#joinedMs)
    if (!mayGo && !urgent) return NOTHING
    this.#wrote = false
    const deltas = this.#unannounced.map(since => deltaTo(this.#current(), summaryOf(since)))
    this.#unannounced.length = 0
    return [
      ...deltas.map(delta => ({ kind: 'announce', delta }) as const),
      ...deltas.slice(0, 1).flatMap(delta => tell(delta, this.#listeners.all(now))),
    ]
  }

  /** The first times at once, in a storm of changes of many at a time. */
  #tellYoung(before: Configuration, now: number, from?: string): readonly SpreadOutput[] {
    const since = this.#untold ?? before
    const young = this.#listeners.young(now, from)
    this.#untold = undefined
    if (young.length === 0) return NOTHING
    if (this.#tellPace.take(now, this.#joinedMs)) return this.#tellSince(since, young)
    this.#untold = since
    return NOTHING
  }

  #tellLate(now: number): readonly SpreadOutput[] {
    const [young, few] = [this.#untold, this.#untoldFew]
    const late = young === undefined || now < this.#tellPace.nextAt ? NOTHING : this.#tellYoung(young, now)
    if (few === undefined || !this.#tellPace.take(now, this.#joinedMs)) return late
    this.#untoldFew = undefined
    return [...late, ...this.#tellSince(few, this.#listeners.some(BOUNDS.toldMax))]
  }

  #tellSince(since: Configuration, peers: readonly string[]): readonly SpreadOutput[] {
    const current = this.#current()
    const unknowing = peers.filter(peer => this.#heldBy(peer) !== current.version.digest)
    return unknowing.length === 0 ? NOTHING : tell(deltaTo(current, summaryOf(since)), unknowing)
  }

  /**
   * Everybody joins what many have written at once, each in another order, and each such join is another document. What
   * they are made of was announced by who wrote it: the larger the mesh, the longer they are gathered.
   */
  get #joinedMs(): number {
    return Math.max(TIMES.spreadMs, TIMES.joinedEachMs * this.#current().living)
  }
}

const NOTHING: readonly SpreadOutput[] = []

function tell(delta: Delta, peers: readonly string[]): SpreadOutput[] {
  return peers.map(to => ({ kind: 'send', to, message: { kind: 'delta', delta } }))
}
