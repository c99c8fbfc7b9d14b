// Who is there: the rooms of membership put together. Links and those to be dialled, the detector of failures, and
// those who are gone and may come back.

import type { Charge, Configuration, ErrorCode, Message } from '@cachemesh/protocol'
import type { Random } from '../chance/random.ts'
import type { Rules } from '../limits/limits.ts'
import { Absent } from './absent.ts'
import { type Contact, Contacts } from './contacts.ts'
import { Detector } from './detector.ts'
import type { DetectorOutput, Sent } from './detector-output.ts'
import { Fence, type FenceState } from './fence.ts'
import { Links } from './links.ts'
import { LocalHealth } from './local-health.ts'

export type MembershipOutput =
  | Exclude<DetectorOutput, { kind: 'want' }>
  /** Members that were removed and may come back: to keep across a restart. */
  | { readonly kind: 'absent'; readonly contacts: readonly Contact[] }

export class Membership {
  readonly #self: string
  readonly #health: LocalHealth
  readonly #links: Links
  readonly #contacts: Contacts
  readonly #absent: Absent
  readonly #detector: Detector
  readonly #fence: Fence
  readonly #fences: boolean

  constructor(parts: {
    self: string
    seeds: readonly string[]
    absent: readonly Contact[]
    rules: Rules
    random: Random
    /** What beats say of how much this node is asked for, requests per second; undefined: nothing. */
    load?: () => number | undefined
    now: number
  }) {
    const { self, seeds, rules, random, load, now } = parts
    this.#self = self
    this.#links = new Links(now)
    const { linked } = this.#links
    this.#absent = new Absent(parts.absent, linked, now)
    this.#health = new LocalHealth(rules)
    this.#detector = new Detector({
      self,
      rules,
      health: this.#health,
      linked,
      random,
      ...(load && { load }),
      now,
    })
    this.#fence = new Fence({ linked, watched: this.#detector.reach.watched })
    this.#fences = rules.fencing > 0
    this.#contacts = new Contacts({ self, seeds, linked, random, patience: () => this.#health.patience, now })
  }

  get linked(): ReadonlySet<string> {
    return this.#links.linked
  }

  get neighbours(): ReadonlySet<string> {
    return this.#detector.neighbours
  }

  get wakeAt(): number {
    const kept = Math.min(this.#absent.wakeAt, this.#links.wakeAt)
    return Math.min(this.#contacts.wakeAt, this.#detector.wakeAt, this.#fence.askAt, kept)
  }

  /** Seeds and members that could answer: 0 when this node knows of nobody but itself. */
  get strangers(): number {
    return this.#contacts.strangers
  }

  /** Seeds that are not known to be this node itself. */
  get seeds(): number {
    return this.#contacts.seeds
  }

  /** True when every seed was reached and refused this node. */
  get refused(): boolean {
    return this.#contacts.refused
  }

  /** True when nobody answers: each was tried several times and none is linked. */
  get exhausted(): boolean {
    return this.#contacts.exhausted
  }

  /** True when there is somebody to hear, and nobody is heard. */
  alone(now: number): boolean {
    return (this.strangers > 0 && this.linked.size === 0) || this.#detector.alone(now)
  }

  /** True when enough observers accuse this claim of a member: its removal is no surprise here. */
  convicts(member: string, since: number): boolean {
    return this.#detector.convicts(member, since)
  }

  /** Most of those who watch this node have answered it within the time after which they would doubt it. */
  isWatched(now: number): boolean {
    return this.#detector.isWatched(now)
  }

  /** Before each step: this node had asked for one at `wantedAt`. */
  stepped(now: number, wantedAt: number): void {
    this.#health.stepped(now, wantedAt)
  }

  /** Before each step: true when others are to be asked whether they have given this node up. */
  doubtsItself(now: number, jumped: boolean): boolean {
    const paused = jumped && this.#fences
    if (paused) this.#fence.raise(now)
    return paused || now >= this.#fence.askAt
  }

  /** Beats that are to be answered at once, after whatever these are asked. */
  askBack(asked: readonly { readonly to: string }[], now: number): Sent[] {
    this.#fence.asked(now)
    const peers = asked.map(({ to }) => to)
    return this.#detector.reach.beatAll(peers, now, true)
  }

  /** @param isKnown the configuration of this peer was compared with the own since it was asked */
  fence(now: number, isKnown: (peer: string) => boolean): FenceState {
    return this.#fence.state(now, isKnown, this.#detector.hasOthers)
  }

  follow(configuration: Configuration, now: number): MembershipOutput[] {
    const outputs = this.#carried(this.#detector.follow(configuration, now), now)
    this.#contacts.update(configuration, this.neighbours, now)
    this.#absent.update(configuration, this.#self)
    if (this.#absent.takeChange()) outputs.push({ kind: 'absent', contacts: this.#absent.contacts })
    return outputs
  }

  linkUp(peer: string, now: number): MembershipOutput[] {
    this.#links.up(peer, now)
    this.#contacts.linkUp(peer, now)
    this.#fence.linkUp(peer)
    return this.#carried(this.#detector.linkUp(peer, now), now)
  }

  linkDown(peer: string, now: number): void {
    this.#links.down(peer)
    this.#contacts.linkDown(peer, now)
    this.#fence.linkDown(peer)
    this.#detector.linkDown(peer, now)
  }

  /** A request came over the link to this peer, or leaves over it. */
  used(peer: string): void {
    this.#links.used(peer)
  }

  /** A request to this member was answered, or failed. */
  served(peer: string, well: boolean, now: number): void {
    this.#detector.served(peer, well, now)
  }

  /** A link to this member is needed. */
  demand(peer: string, now: number): void {
    this.#contacts.demand(peer, now)
  }

  /** A dial ended in a link to `peer`. */
  answered(contact: string, peer: string, now: number): void {
    this.#contacts.answered(contact, peer, now)
  }

  failed(contact: string, code: ErrorCode, now: number): MembershipOutput[] {
    this.#contacts.failed(contact, now, code)
    return code === 'ERR_CONNECTION_REFUSED' ? this.#carried(this.#detector.refused(contact, now), now) : []
  }

  receive(from: string, message: Message, now: number): MembershipOutput[] {
    return this.#carried(this.#detector.receive(from, message, now), now)
  }

  passOn(charges: readonly Charge[], at: { now: number; wall: number }): void {
    this.#detector.passOn(charges, at)
  }

  tick(at: { now: number; wall: number }): MembershipOutput[] {
    const outputs = this.#carried(this.#detector.tick(at), at.now)
    for (const peer of this.#links.surplus(this.neighbours, at.now)) outputs.push({ kind: 'unlink', peer })
    return outputs
  }

  /** Whom to dial now. */
  due(now: number): Contact[] {
    const contacts = this.#contacts.due(now)
    for (const { peer } of contacts) if (peer !== undefined) this.#detector.expect(peer, now)
    const absent = this.#absent.due(now)
    return absent === undefined ? contacts : [...contacts, absent]
  }

  #carried(outputs: readonly DetectorOutput[], now: number): MembershipOutput[] {
    const carried: MembershipOutput[] = []
    for (const output of outputs) {
      if (output.kind === 'want') this.#contacts.demand(output.peer, now)
      else carried.push(output)
    }
    return carried
  }
}
