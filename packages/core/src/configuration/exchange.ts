// How configurations travel: a change is announced to everybody as a delta, and told to a few peers directly;
// whoever cannot apply it, or notices by a version that somebody holds another document, pulls. Announcements
// and frames may be lost; the periodic comparison with a random peer is what converges.

import {
  type Configuration,
  type Delta,
  digestPrefix,
  type Member,
  type Message,
  type Summary,
  summaryOf,
  type Version,
} from '@cachemesh/protocol'
import type { Random } from '../chance/random.ts'
import { BOUNDS, TIMES } from '../limits/limits.ts'
import type { Hold } from './hold.ts'
import type { Joined, Ledger, Waits } from './ledger.ts'
import { Listeners } from './listeners.ts'
import { type Overtaken, overtakenIn } from './overtaken.ts'
import { Spread } from './spread.ts'

interface Sent {
  readonly kind: 'send'
  readonly to: string
  readonly message: Message
}

export type ExchangeOutput =
  | Sent
  | { readonly kind: 'announce'; readonly delta: Delta }
  /** Somebody's document removes these, whom nobody accuses here: they are to hear of it. */
  | { readonly kind: 'surprise'; readonly members: readonly Member[] }
  | Overtaken

const NOTHING: readonly ExchangeOutput[] = []

export class Exchange {
  readonly #ledger: Ledger
  readonly #random: Random
  readonly #linked: ReadonlySet<string>
  readonly #hold: Hold
  /** Members whose removal was heard of in this step for the first time. */
  #surprises: readonly Member[] = []
  /** Peers that were asked and have not answered, and when. */
  readonly #pulls = new Map<string, number>()
  /** The digest that each linked peer last said it holds. */
  readonly #held = new Map<string, string>()
  /** A peer has said what it holds, or is gone, since it was counted who holds which document. */
  #heldAnew = false
  #counted = ''
  readonly #listeners: Listeners
  /** When peers were told last that what they hold was overtaken. */
  readonly #toldAt = new Map<string, number>()
  /** Documents that peers hold and that are not known here, by their first bits. */
  readonly #unknown = new Map<string, number>()
  /** When one of them is asked for. */
  #askAt = Number.POSITIVE_INFINITY
  /** What peers were sent last because their frames named an older document. */
  readonly #updates = new Map<string, { readonly digest: string; readonly at: number }>()
  readonly #spread: Spread
  readonly #antiEntropyMs: number
  #compareAt: number
  #completed = 0
  /** Digest of the document that peers confirmed last. */
  #agreedOn = ''

  constructor(options: {
    ledger: Ledger
    linked: ReadonlySet<string>
    random: Random
    hold: Hold
    antiEntropyMs: number
    now: number
  }) {
    this.#ledger = options.ledger
    this.#hold = options.hold
    this.#antiEntropyMs = options.antiEntropyMs
    this.#random = options.random
    this.#linked = options.linked
    this.#listeners = new Listeners(options.linked, options.random)
    this.#spread = new Spread({
      current: () => options.ledger.current,
      listeners: this.#listeners,
      heldBy: peer => this.#held.get(peer),
    })
    this.#compareAt = options.now + options.random.jittered(options.antiEntropyMs)
  }

  /** Comparisons with a peer that ended with both sides' versions known here. */
  get completed(): number {
    return this.#completed
  }

  /** True when as many peers as are told of a change have said that they hold the current document. */
  get agreed(): boolean {
    const { digest } = this.#ledger.current.version
    let holders = 0
    for (const held of this.#held.values()) if (held === digest) holders++
    return holders >= Math.min(this.#linked.size, BOUNDS.toldMax)
  }

  /** True once for each document, when it is agreed on. */
  takeAgreement(): boolean {
    const { digest } = this.#ledger.current.version
    // Every step asks. Only what peers say, their going and another document can make it true.
    const mayAgree = this.#heldAnew || this.#counted !== digest
    if (this.#agreedOn === digest || !mayAgree) return false
    this.#heldAnew = false
    this.#counted = digest
    if (!this.agreed) return false
    this.#agreedOn = digest
    return true
  }

  /** A document waits to be joined: whatever is heard may end that. */
  get waits(): boolean {
    return this.#ledger.waiting
  }

  get wakeAt(): number {
    const [oldest] = this.#pulls.values()
    const pull = oldest === undefined ? Number.POSITIVE_INFINITY : oldest + TIMES.pullTimeoutMs
    const release = this.#ledger.waiting ? this.#hold.until : Number.POSITIVE_INFINITY
    return Math.min(this.#compareAt, pull, release, this.#askAt, this.#spread.wakeAt)
  }

  linkUp(peer: string, now: number): ExchangeOutput[] {
    this.#listeners.linkUp(peer, now)
    this.#pulls.delete(peer)
    return this.pull(peer, now)
  }

  linkDown(peer: string): void {
    this.#listeners.linkDown(peer)
    this.#pulls.delete(peer)
    this.#held.delete(peer)
    this.#heldAnew = true
    this.#updates.delete(peer)
    this.#unknown.delete(peer)
  }

  /**
   * What time brings: pulls that got no answer are asked again, since a node joins with the first answer; and now
   * and then one random peer is told the version held here.
   */
  tick(now: number): ExchangeOutput[] {
    const late = [...this.#pulls].filter(([, asked]) => now >= asked + TIMES.pullTimeoutMs)
    const outputs: ExchangeOutput[] = late.flatMap(([peer]) => this.pull(peer, now))
    outputs.push(...this.#askForNews(now), ...this.joinWaiting(now))
    if (now < this.#compareAt) return outputs
    this.#compareAt = now + this.#random.jittered(this.#antiEntropyMs)
    this.#ledger.forgetMet()
    this.#toldAt.clear()
    return [...outputs, ...this.#listeners.some(1).map(this.#version)]
  }

  /** A frame's stamp named a document other than the current one. */
  stamped(from: string, prefix: number, now: number): ExchangeOutput[] {
    if (this.#ledger.awaits(prefix)) return []
    const known = this.#ledger.remembers(prefix)
    // Most often it is on its way: whoever wrote it has announced it, in other frames than this one.
    if (known === undefined) return this.#await(from, prefix, now)
    return known === this.#ledger.current ? [] : this.#update(from, known, now)
  }

  receive(from: string, message: Message, now: number): readonly ExchangeOutput[] {
    // Most messages are beats.
    if (message.kind === 'beat' && !this.#ledger.waiting) return NOTHING
    const before = this.#ledger.current
    const outputs = [...this.#received(from, message, now), ...this.joinWaiting(now)]
    return this.#relabelled(before)
      ? [...outputs, ...this.#listeners.some(BOUNDS.toldMax, from).map(this.#version)]
      : outputs
  }

  #received(from: string, message: Message, now: number): ExchangeOutput[] {
    switch (message.kind) {
      case 'pull':
        this.#holds(from, message.version.digest)
        return this.#pulled(from, message.summary, message.version, now)
      case 'delta':
        return this.#joined(from, message.delta, now)
      case 'version':
        this.#holds(from, message.version.digest)
        return this.#compared(from, message.version, now)
      default:
        return []
    }
  }

  /** A delta that everybody gets: nothing to say to its author unless it cannot be applied. */
  announced(from: string, delta: Delta, now: number): ExchangeOutput[] {
    const before = this.#ledger.current
    const joined = this.#ledger.join(delta, this.#waits(now))
    if (joined === undefined) return this.#await(from, digestPrefix(delta.version), now)
    if (joined.mergedAnew) this.#spread.merged(joined.theirs, before)
    const others = joined.changed && !joined.mergedAnew ? this.#spread.announced(before, now, from) : []
    this.#spread.heardByAll(delta.version)
    const overtaken = overtakenIn(delta, this.#ledger.current)
    return [...this.#surprised(), ...overtaken, ...others, ...this.joinWaiting(now)]
  }

  /** This node changed the document, which was `since`. */
  announce(since: Configuration): void {
    this.#spread.wrote(since)
  }

  /** At the end of a step: spreads what changed in it. */
  spread(now: number, urgent = false): ExchangeOutput[] {
    return this.#spread.due(now, urgent)
  }

  pull(peer: string, now: number): Sent[] {
    const asked = this.#pulls.get(peer)
    if (asked !== undefined && now < asked + TIMES.pullTimeoutMs) return []
    // An announcement may come from a neighbour in gossip to whom there is no link.
    if (!this.#linked.has(peer)) return []
    this.#pulls.delete(peer) // the oldest comes first
    this.#pulls.set(peer, now)
    const { current } = this.#ledger
    const message: Message = { kind: 'pull', version: current.version, summary: summaryOf(current) }
    return [{ kind: 'send', to: peer, message }]
  }

  /** Has a peer say anew what it holds, and take what is held here. */
  ask(peer: string, now: number): Sent[] {
    this.#held.delete(peer)
    return this.pull(peer, now)
  }

  /** Has a few peers do so, also those that were asked and have not answered. */
  askSome(now: number): Sent[] {
    const peers = this.#listeners.some(BOUNDS.toldMax)
    for (const peer of peers) this.#pulls.delete(peer)
    return peers.flatMap(peer => this.ask(peer, now))
  }

  /** The digest that a linked peer last said it holds. */
  heldBy(peer: string): string | undefined {
    return this.#held.get(peer)
  }

  #pulled(from: string, summary: Summary, version: Version, now: number): ExchangeOutput[] {
    if (this.#ledger.adopt(version)) return [this.#version(from)]
    const outputs = [this.#push(from, summary)]
    // What they hold may be news here; not when this node held it before.
    if (!this.#ledger.knows(summary.digest) && !this.#ledger.met(version))
      outputs.push(...this.pull(from, now))
    return outputs
  }

  #joined(from: string, delta: Delta, now: number): ExchangeOutput[] {
    const before = this.#ledger.current
    const joined = this.#ledger.join(delta, this.#waits(now))
    if (joined === undefined) return this.pull(from, now)
    this.#answered(from)
    this.#holds(from, delta.version.digest)
    // To hear what is held here they would send the same again, and again, for as long as it waits.
    const heard = this.#ledger.awaits(digestPrefix(delta.version)) ? [] : [this.#version(from)]
    const overtaken = overtakenIn(delta, this.#ledger.current)
    return [...heard, ...this.#surprised(), ...overtaken, ...this.#passedOn(joined, before, { now, from })]
  }

  #passedOn(
    joined: Joined,
    before: Configuration,
    { now, from }: { readonly now: number; readonly from?: string },
  ): readonly ExchangeOutput[] {
    if (!joined.changed) return []
    if (!joined.mergedAnew) return this.#spread.learnt(before, now, from)
    this.#spread.merged(joined.theirs, before)
    return []
  }

  #waits(now: number): Waits {
    return (before, after) => {
      const { waits, news } = this.#hold.waits(before, after, now)
      this.#surprises = [...this.#surprises, ...news]
      return waits
    }
  }

  #surprised(): ExchangeOutput[] {
    const members = this.#surprises
    this.#surprises = []
    return members.length === 0 ? [] : [{ kind: 'surprise', members }]
  }

  /** What waited is joined as soon as it surprises nobody: every answer, and time itself, may have changed that. */
  joinWaiting(now: number): ExchangeOutput[] {
    if (!this.#ledger.waiting) return []
    const before = this.#ledger.current
    const joined = this.#ledger.joinWaiting(this.#waits(now))
    if (!this.#ledger.waiting) this.#hold.clear()
    return [...this.#surprised(), ...this.#passedOn(joined, before, { now })]
  }

  #compared(from: string, version: Version, now: number): ExchangeOutput[] {
    if (this.#ledger.adopt(version)) {
      this.#answered(from)
      return this.#ledger.current.version.serial > version.serial ? [this.#version(from)] : []
    }
    // It is known and waits to be joined: what came of it will be told to all.
    if (this.#ledger.awaits(digestPrefix(version))) return []
    const delta = this.#ledger.deltaFromDigest(version.digest)
    if (delta === undefined && this.#ledger.met(version)) return this.#overtaken(from, now)
    return delta === undefined
      ? this.pull(from, now)
      : [{ kind: 'send', to: from, message: { kind: 'delta', delta } }]
  }

  /** A peer holds what is not known here: it is asked for that, if it does not come by itself. */
  #await(peer: string, prefix: number, now: number): ExchangeOutput[] {
    if (!this.#linked.has(peer)) return []
    this.#held.delete(peer)
    this.#unknown.set(peer, prefix)
    this.#askAt = Math.min(this.#askAt, now + TIMES.newsMs)
    return []
  }

  #askForNews(now: number): ExchangeOutput[] {
    if (now < this.#askAt) return []
    this.#askAt = Number.POSITIVE_INFINITY
    for (const [peer, prefix] of this.#unknown) {
      this.#unknown.delete(peer)
      if (this.#isOvertaken(peer, prefix)) continue
      if (this.#unknown.size > 0) this.#askAt = now + TIMES.newsMs
      return this.pull(peer, now)
    }
    return []
  }

  /** What the peer held has come meanwhile, or the peer has what is held here. */
  #isOvertaken(peer: string, prefix: number): boolean {
    if (this.#held.get(peer) === this.#ledger.current.version.digest) return true
    return this.#ledger.hasMet(prefix) || this.#ledger.remembers(prefix) !== undefined
  }

  /** They hold what was held here before. They may know what came of it, and wait with that, in a frame after the other. */
  #update(peer: string, held: Configuration, now: number): ExchangeOutput[] {
    const { digest } = this.#ledger.current.version
    // What has just changed is on its way to them, as theirs was to this node when they sent it.
    if (!this.#spread.isSteady(now)) return []
    const update = this.#updates.get(peer)
    if (update?.digest === digest && now < update.at + TIMES.updateMs) return []
    this.#updates.set(peer, { digest, at: now })
    return [this.#push(peer, summaryOf(held))]
  }

  /** What they hold was joined here: they are to hear what became of it. They may know, and wait with it. */
  #overtaken(peer: string, now: number): ExchangeOutput[] {
    const toldAt = this.#toldAt.get(peer)
    if (toldAt !== undefined && now < toldAt + TIMES.pullTimeoutMs) return []
    this.#toldAt.set(peer, now)
    return [this.#version(peer)]
  }

  /** A message may come over a link that is just gone: nobody would ever forget what its sender held. */
  #holds(from: string, digest: string): void {
    if (!this.#linked.has(from)) return
    this.#held.set(from, digest)
    this.#heldAnew = true
  }

  #answered(from: string): void {
    this.#pulls.delete(from)
    this.#completed++
  }

  #push(to: string, summary: Summary): ExchangeOutput {
    return { kind: 'send', to, message: { kind: 'delta', delta: this.#ledger.deltaFrom(summary) } }
  }

  /**
   * The same text has a higher serial than this node knew. No announcement says so, and left to comparisons
   * one label takes a dozen seconds to reach fifty nodes: whoever learns of it tells a few.
   */
  #relabelled(before: Configuration): boolean {
    const { version } = this.#ledger.current
    return version.digest === before.version.digest && version.serial > before.version.serial
  }

  readonly #version = (to: string): ExchangeOutput => {
    return { kind: 'send', to, message: { kind: 'version', version: this.#ledger.current.version } }
  }
}
