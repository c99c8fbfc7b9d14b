// The detector of failures: it watches the members that this node observes, accuses those that nobody reaches, and
// says who is to be removed. It never changes the configuration itself, and it trusts itself least of all.

import type { Charge, Configuration, Message, Word } from '@cachemesh/protocol'
import type { Random } from '../chance/random.ts'
import type { Rules } from '../limits/limits.ts'
import { Accusations } from './accusations.ts'
import type { DetectorOutput } from './detector-output.ts'
import { type Doubt, Doubts } from './doubts.ts'
import { Evidence } from './evidence.ts'
import { Jury } from './jury.ts'
import type { LocalHealth } from './local-health.ts'
import { Observers } from './observers.ts'
import { Reach, type ReachParts } from './reach.ts'
import { Rumours } from './rumours.ts'

/** Whom nobody but the slow rule can judge is looked at so often, ms; and all when others came or went. */
const TROUBLED_MS = 100
/** Observers remove a member one after another, so far apart. */
const TURN_MS = 30
/** A link that closed and a redial that is refused belong together within this time. */
const CLOSED_MS = 5_000
/** What is no news is passed on with others, so much later. */
const AGAIN_MS = 200

export class Detector {
  readonly #self: string
  readonly #rules: Rules
  readonly #random: Random
  readonly #linked: ReadonlySet<string>
  readonly #health: LocalHealth
  readonly #observers: Observers
  readonly reach: Reach
  readonly #doubts = new Doubts()
  readonly #evidence = new Evidence()
  readonly #accusations: Accusations
  readonly #jury: Jury
  readonly #rumours: Rumours
  /** Awake ms at which links were reported closed. */
  readonly #closed = new Map<string, number>()
  #configuration: Configuration | undefined
  #observed: readonly string[] = []
  #neighbours: ReadonlySet<string> = new Set()
  /** Monotonic ms: what others hear of this node must not slow down with its own pauses. */
  #beatAt = 0
  /** Awake ms, both. */
  #accuseAt = 0
  #nextAt = Number.POSITIVE_INFINITY

  constructor(parts: ReachParts & { self: string; rules: Rules; health: LocalHealth }) {
    this.#self = parts.self
    this.#rules = parts.rules
    this.#linked = parts.linked
    this.#random = parts.random
    this.#health = parts.health
    this.#observers = new Observers(parts.rules)
    this.reach = new Reach(parts)
    this.#accusations = new Accusations(parts.rules.accusationMs)
    this.#rumours = new Rumours(parts)
    this.#jury = new Jury(parts.rules, this.#observers, this.#accusations)
  }

  /** Peers that this node observes, or that observe it: it keeps links to them. */
  get neighbours(): ReadonlySet<string> {
    return this.#neighbours
  }

  /** When `tick` is wanted, monotonic ms. */
  get wakeAt(): number {
    const idle = this.#neighbours.size === 0 && this.#accusations.size === 0 && !this.reach.checks.busy
    return idle && this.#rumours.dueAt === Number.POSITIVE_INFINITY
      ? Number.POSITIVE_INFINITY
      : Math.min(this.#beatAt, this.#health.atAwake(this.#nextAt))
  }

  get hasOthers(): boolean {
    return this.#observers.size > 1
  }

  /** True when there are other members and none of them has answered for a while. */
  alone(now: number): boolean {
    return this.hasOthers && this.#silentMs(now) >= this.#rules.silenceMs * this.#health.patience
  }

  /** True when enough observers accuse this claim of a member, or this node does: its removal is no surprise here. */
  convicts(member: string, since: number): boolean {
    return this.#doubts.blames(member, since) || this.#accusations.convicted(member, since)
  }

  /** True when most of those who watch this node have heard it so short a time ago that none of them doubts it. */
  isWatched(now: number): boolean {
    return this.reach.watched.byMost(this.#observers.of(this.#self), now - this.#rules.silenceMs)
  }

  follow(configuration: Configuration, now: number): DetectorOutput[] {
    const awake = this.#health.awake(now)
    const hadOthers = this.hasOthers
    this.#configuration = configuration
    const changed = this.#observers.update(configuration)
    // Whoever was by itself has missed nobody.
    if (!hadOthers) this.reach.beats.lastProofAt = awake
    if (changed) {
      this.#watchAnew(awake)
      this.#soon(awake, TROUBLED_MS)
    }
    return this.#endDoubts(configuration, awake)
  }

  linkUp(peer: string, now: number): DetectorOutput[] {
    this.#closed.delete(peer)
    this.reach.beats.restart(peer)
    this.reach.checks.anew(peer)
    this.expect(peer, now)
    // It may have been cut off until now, and hear only here what it has to answer.
    const told = this.#rumours.answerable(peer, this.#accusations.wordsAgainst(peer))
    const wanted = this.#neighbours.has(peer) || this.reach.checks.tries(peer)
    return wanted ? [...told, this.reach.knock(peer)] : told
  }

  /** There is a link to this peer, or one is being made: from now on it can be silent. */
  expect(peer: string, now: number): void {
    if (this.#neighbours.has(peer) && this.reach.beats.silentSince(peer) === undefined)
      this.reach.beats.expect(peer, this.#health.awake(now))
  }

  linkDown(peer: string, now: number): void {
    this.reach.watched.closed(peer)
    this.#closed.set(peer, this.#health.awake(now))
  }

  /**
   * A dial came to a machine on which nobody listens for this member. Together with a link that was closed it is as
   * good as silence that helpers confirm: the process has ended.
   */
  refused(member: string, now: number): DetectorOutput[] {
    const awake = this.#health.awake(now)
    const closedAt = this.#closed.get(member)
    if (closedAt === undefined || awake - closedAt > CLOSED_MS || !this.#observed.includes(member)) return []
    if (this.#doubts.of(member)?.state === 'accused' || !this.reach.assured(member, awake)) return []
    this.#soon(awake, 1)
    return this.#accuse(member, awake, false)
  }

  /** What became of a request to this member. */
  served(peer: string, well: boolean, now: number): void {
    if (well) this.#evidence.answered(peer)
    else this.#evidence.failed(peer, this.#health.awake(now))
  }

  receive(from: string, message: Message, now: number): DetectorOutput[] {
    const awake = this.#health.awake(now)
    switch (message.kind) {
      case 'beat':
        return this.#beaten(from, message, awake)
      case 'check': {
        if (message.member === this.#self) return []
        const outputs = this.reach.asked(from, message.member, awake)
        this.#soon(awake, TROUBLED_MS)
        return outputs
      }
      case 'checked':
        this.reach.checks.answered(from, message.member, message.reached)
        this.#soon(awake, 1)
        return []
      case 'accusation':
        return [message, ...(message.others ?? [])].flatMap(word => this.#heard(from, word, awake))
      default:
        return []
    }
  }

  /** A removal of these claims was heard of, and nobody accused them here: they may have something to say. */
  passOn(charges: readonly Charge[], at: { now: number; wall: number }): void {
    const awake = this.#health.awake(at.now)
    const news = this.#accusations.hearOf(charges, awake)
    for (const word of this.#rumours.hearsay(news, this.#doubts.charges, at.wall))
      this.#tell(word, { at: awake + 1 })
  }

  tick(at: { now: number; wall: number }): DetectorOutput[] {
    const awake = this.#health.awake(at.now)
    const beats = at.now >= this.#beatAt ? this.#beat(at.now) : []
    // As `wakeAt` has it: what is awake is a difference, and may come out a little below.
    if (at.now < this.#health.atAwake(this.#nextAt)) return beats
    this.#accusations.expire(awake)
    const outputs = [...beats, ...this.reach.tick(awake)]
    for (const member of this.#observed) outputs.push(...this.#watch(member, awake))
    const { charges } = this.#doubts
    if (charges.length > 0 && awake >= this.#accuseAt) {
      this.#accuseAt = awake + this.#rules.accuseMs
      const word = this.#rumours.word(charges, at.wall)
      this.#accusations.receive(word, awake)
      this.#jury.heard(charges, awake)
      this.#rumours.tell(word, { at: awake })
    }
    outputs.push(...this.#judge(at.now, awake), ...this.#rumours.due(awake))
    this.#schedule(awake)
    return outputs
  }

  #silentMs(now: number): number {
    return this.#health.awake(now) - this.reach.beats.lastProofAt
  }

  /** Others came, or went: who watches whom is another question. */
  #watchAnew(awake: number): void {
    this.#observed = this.#observers.observedBy(this.#self)
    const neighbours = new Set([...this.#observed, ...this.#observers.of(this.#self)])
    for (const peer of neighbours) if (!this.#neighbours.has(peer)) this.#meet(peer, awake)
    for (const peer of this.#neighbours) if (!neighbours.has(peer)) this.reach.beats.forget(peer)
    this.#neighbours = neighbours
    for (const peer of this.#closed.keys()) if (!neighbours.has(peer)) this.#closed.delete(peer)
  }

  /** Somebody to watch, as soon as there is a link. Where others accuse it already a new observer waits for none. */
  #meet(peer: string, awake: number): void {
    const { silenceMs, checkMs } = this.#rules
    if (this.#accusations.names(peer)) this.reach.beats.expect(peer, awake - silenceMs + checkMs)
    else if (this.#linked.has(peer)) this.reach.beats.expect(peer, awake)
  }

  /** Doubts about claims that are no more: members that left or were removed, or have answered with another one. */
  #endDoubts(configuration: Configuration, awake: number): DetectorOutput[] {
    const outputs: DetectorOutput[] = []
    for (const [member, { since }] of [...this.#doubts]) {
      const answered = configuration.member(member)?.since !== since
      if (answered && this.#observers.has(member)) this.reach.beats.expect(member, awake)
      // What was held against the claim before is not held against this one.
      if (answered) this.#evidence.answered(member)
      if (answered || !this.#observed.includes(member)) outputs.push(...this.#doubts.end(member))
    }
    return outputs
  }

  #beaten(from: string, beat: Message & { kind: 'beat' }, awake: number): DetectorOutput[] {
    const { proven, outputs } = this.reach.beaten(from, beat, awake)
    if (proven && this.#doubts.of(from)?.unable === false) outputs.push(...this.#doubts.end(from))
    if (beat.urgent) outputs.push({ kind: 'send', to: from, message: this.reach.beats.beat(from, false) })
    return outputs
  }

  #beat(now: number): DetectorOutput[] {
    const { beatMs, beatSmallMs, smallMeshMax } = this.#rules
    const interval = this.#observers.size <= smallMeshMax ? beatSmallMs : beatMs
    // A little jitter: nodes that started together do not stay together.
    this.#beatAt = now + interval * (0.9 + this.#random.fraction() / 10)
    return this.reach.beatAround(this.#neighbours, now)
  }

  /** One look at one member that this node observes. */
  #watch(member: string, awake: number): DetectorOutput[] {
    const { silenceMs } = this.#rules
    const doubt = this.#doubts.of(member)
    if (doubt?.unable === true) return this.#evidence.against(member, awake) ? [] : this.#doubts.end(member)
    if (doubt?.state === 'accused') return []
    if (doubt === undefined) {
      if (this.#evidence.against(member, awake) && this.reach.assured(member, awake))
        return this.#accuse(member, awake, true)
      const quietMs = awake - (this.reach.beats.silentSince(member) ?? awake)
      if (quietMs < silenceMs * this.#health.patience) return []
      const begun = this.#begin(member, awake)
      return begun.length === 0 ? [] : [...begun, ...this.#check(member, awake)]
    }
    const state = this.reach.checks.state(member)
    if (state === 'under way' || state === 'reached') return []
    if (state === undefined || !this.reach.assured(member, awake)) return this.#check(member, awake)
    this.#accuseAt = awake
    return [
      this.#doubts.accuse(member, this.reach.checks.witnesses(member), awake),
      ...(this.#linked.has(member) ? [{ kind: 'unlink', peer: member } as const] : []),
    ]
  }

  #begin(member: string, awake: number, unable = false): DetectorOutput[] {
    const claim = this.#configuration?.member(member)
    return claim === undefined ? [] : [this.#doubts.begin(member, claim, { at: awake, unable })]
  }

  /** Without helpers: there is proof enough already, or none that they could give. */
  #accuse(member: string, awake: number, unable: boolean): DetectorOutput[] {
    const begun = this.#begin(member, awake, unable)
    if (begun.length === 0) return []
    this.#accuseAt = awake
    return [...begun, this.#doubts.accuse(member, [], awake)]
  }

  #check(member: string, awake: number): DetectorOutput[] {
    return this.reach.check(member, { awake, patience: this.#health.patience })
  }

  /** Somebody's word. To others goes what was not known of its accuser, or may soon be forgotten; all to the accused. */
  #heard(from: string, word: Word, awake: number): DetectorOutput[] {
    const { accuser, charges } = word
    if (accuser === this.#self) return []
    const heard = this.#accusations.receive(word, awake)
    if (heard === 'known') return []
    this.#jury.heard(charges, awake)
    const at = awake + (heard === 'again' ? AGAIN_MS : 1)
    this.#tell(word, { from, at, aimed: heard === 'repeated', twice: heard === 'news' })
    const mine = charges.find(({ member }) => member === this.#self)
    return mine === undefined ? [] : this.#reply(mine)
  }

  #tell(word: Word, told: Parameters<Rumours['tell']>[1]): void {
    this.#rumours.tell(word, told)
    this.#nextAt = Math.min(this.#nextAt, told.at)
  }

  /** Who is said to be silent says a word; who is said to be unable to serve believes it when enough say so. */
  #reply({ since, unable }: Charge): DetectorOutput[] {
    if (!unable) return [{ kind: 'accused', since }]
    return this.#jury.count(this.#self, since).enough ? [{ kind: 'unable', since }] : []
  }

  #judge(now: number, awake: number): DetectorOutput[] {
    const { silenceMs, aloneRemovesMs } = this.#rules
    if (this.alone(now)) {
      const over = this.#silentMs(now) >= silenceMs * this.#health.patience + aloneRemovesMs
      const others = [...this.#observers.ids].filter(id => id !== this.#self)
      return over ? [{ kind: 'remove', members: others }] : []
    }
    const removed: string[] = []
    const outputs: DetectorOutput[] = []
    for (const [member, doubt] of this.#doubts) {
      if (doubt.state !== 'accused' || !this.reach.assured(member, awake)) continue
      const { enough, accusers, others, witnesses } = this.#jury.count(member, doubt.since)
      if (enough) {
        doubt.convictedAt ??= awake
        // One after another: whoever hears of the removal first need not write it too.
        const turnMs = accusers.indexOf(this.#self) * TURN_MS
        const waitMs = this.#rules.refuteMs * this.#health.patience + turnMs
        if (awake - doubt.convictedAt >= waitMs) removed.push(member)
        continue
      }
      doubt.convictedAt = undefined
      const asked = this.#hearNobodyOf(others, doubt, awake)
      outputs.push(...asked.outputs)
      if (asked.none && witnesses >= 2) removed.push(member)
    }
    if (removed.length > 0) outputs.push({ kind: 'remove', members: removed })
    return outputs
  }

  /**
   * The slow rule: enough observers can be dead, or on the other side of a cut, that those who are left could never
   * remove anybody. It asks whether any of the observers that accuse nobody can be reached at all.
   */
  #hearNobodyOf(
    observers: readonly string[],
    { accusedAt }: Doubt,
    awake: number,
  ): { none: boolean; outputs: DetectorOutput[] } {
    const { slowAfterMs, checkMs, silenceMs } = this.#rules
    const { patience } = this.#health
    const outputs: DetectorOutput[] = []
    if (awake < accusedAt + (slowAfterMs - checkMs) * patience) return { none: false, outputs }
    let none = awake >= accusedAt + slowAfterMs * patience
    for (const observer of observers) {
      const provenAt = this.reach.beats.provenAt(observer) ?? Number.NEGATIVE_INFINITY
      const heard = this.#neighbours.has(observer) && awake - provenAt < silenceMs
      const state = heard ? 'reached' : this.reach.checks.state(observer)
      if (state === undefined) outputs.push(...this.#check(observer, awake))
      if (state !== 'unreached') none = false
    }
    return { none, outputs }
  }

  #soon(awake: number, afterMs: number): void {
    this.#nextAt = Math.min(this.#nextAt, awake + afterMs)
  }

  #schedule(awake: number): void {
    let next = Math.min(this.reach.checks.wakeAt, this.#accusations.expireAt)
    let exact = this.#rumours.dueAt
    for (const [, doubt] of this.#doubts) {
      if (doubt.state === 'accused') next = Math.min(next, this.#accuseAt)
      if (doubt.convictedAt === undefined) next = Math.min(next, this.#lookAt(doubt, awake))
      else exact = Math.min(exact, this.#removeAt(doubt.convictedAt, awake))
    }
    const silenceMs = this.#rules.silenceMs * this.#health.patience
    for (const member of this.#observed) {
      const silentSince = this.reach.beats.silentSince(member) ?? awake
      if (!this.#doubts.of(member)) next = Math.min(next, silentSince + silenceMs)
    }
    // What concerns one member is looked at together with what concerns others, but for removals, which go in turn.
    const together = Math.ceil(next / TROUBLED_MS) * TROUBLED_MS
    // Nothing shall make it run in every millisecond.
    this.#nextAt = Math.max(Math.min(together, exact), awake + 1)
  }

  /** When time alone may decide something about a member. Whatever comes to be known of it is looked at when it comes. */
  #lookAt({ state, unable, accusedAt }: Doubt, awake: number): number {
    if (state === 'checking') return Number.POSITIVE_INFINITY
    const { slowAfterMs, checkMs } = this.#rules
    const slowAt = accusedAt + (slowAfterMs - checkMs) * this.#health.patience
    return unable ? awake + TROUBLED_MS : Math.max(slowAt, awake + TROUBLED_MS)
  }

  #removeAt(convictedAt: number, awake: number): number {
    return Math.max(convictedAt + this.#rules.refuteMs * this.#health.patience, awake + TURN_MS)
  }
}
