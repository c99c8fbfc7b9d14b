// One node as a state machine: inputs and the time go in, outputs come out. The rules are in the rooms; here is only who
// hears of what. Requests for keys do not come through `step`: the room `requests` handles them, with the same time.

import {
  CacheMeshError,
  Configuration,
  deltaTo,
  digestPrefix,
  isTombstone,
  isTransfer,
  type Member,
  memberRecord,
  summaryOf,
  tombstone,
} from '@cachemesh/protocol'
import type { Balance } from '../balance/balance.ts'
import { Random } from '../chance/random.ts'
import type { Change } from '../configuration/change.ts'
import { Exchange, type ExchangeOutput } from '../configuration/exchange.ts'
import { Hold } from '../configuration/hold.ts'
import { Ledger } from '../configuration/ledger.ts'
import { Operations } from '../configuration/operations.ts'
import type { Instant } from '../limits/instant.ts'
import { TIMES } from '../limits/limits.ts'
import { Membership, type MembershipOutput } from '../membership/membership.ts'
import { Presence } from '../membership/presence.ts'
import { Replication, type ReplicationOutput } from '../replication/replication.ts'
import { Erasing } from '../writes/erasing.ts'
import { DataRooms } from './data-rooms.ts'
import { duplicateError } from './duplicate.ts'
import type { Input } from './input.ts'
import { Memory } from './memory.ts'
import type { NodeCoreOptions } from './options.ts'
import type { NodeState, Output } from './output.ts'
import { Proof } from './proof.ts'
import { departed, hearsay, toAll, toDial } from './words.ts'

export class NodeCore extends DataRooms {
  /** What this node has still to get, and what others may write here. */
  readonly replication: Replication
  readonly #ledger: Ledger
  readonly #exchange: Exchange
  readonly #membership: Membership
  readonly #presence: Presence
  readonly #operations: Operations
  readonly #erasing = new Erasing()
  readonly balance: Balance
  readonly #initial: Change | undefined
  readonly #memory: Memory
  readonly #proof: Proof
  readonly #aloneAt: number
  #state: NodeState = 'joining'
  /** The time in which a node waits for its mesh is over. */
  #waited = false
  #outputs: Output[] = []
  #stepping = false

  constructor(options: NodeCoreOptions, at: Instant) {
    const random = new Random(options.randomSeed)
    const isWatched = (now: number): boolean => this.#membership.isWatched(now)
    super(options, { random, configuration: () => this.configuration, isWatched }, at)
    const { rules } = this
    const { remembered = Configuration.empty(options.meshId), merges } = options
    this.#ledger = new Ledger(remembered, rules, merges)
    const { id: self, seeds, absent = [] } = options
    const load = () => this.balance.figure
    this.#membership = new Membership({ self, seeds, absent, rules, random, load, now: at.now })
    const { linked } = this.#membership
    // Who has not joined yet knows nothing that a removal could contradict.
    const hold = new Hold(
      rules.holdMs,
      ({ id, since }) => this.#state === 'joining' || this.#membership.convicts(id, since),
    )
    const { antiEntropyMs } = rules
    this.#exchange = new Exchange({ ledger: this.#ledger, linked, random, hold, antiEntropyMs, now: at.now })
    const nextVersion = (wall: number) => this.store.clock.nextForAll(wall)
    this.#operations = new Operations({ ledger: this.#ledger, exchange: this.#exchange, linked, nextVersion })
    this.#initial = options.initial
    const incarnation = this.configuration.member(self)?.incarnation ?? 0
    this.#presence = new Presence(self, options.attributes, incarnation)
    this.#aloneAt = at.now + TIMES.aloneAfterMs
    this.#memory = new Memory(this.store.reserved, options.remembered)
    const { store, placement } = this
    // Dice of its own: what it draws changes nothing of what the others draw.
    const dice = new Random(options.randomSeed + 2)
    const [dealt, neighbours] = [new Random(options.randomSeed + 3), () => this.neighbours]
    this.balance = this.balancing({ random: dealt, neighbours, operations: this.#operations, now: at.now })
    this.replication = new Replication({ store, placement, linked, random: dice, rules })
    this.#proof = new Proof({ self, rooms: this, exchange: this.#exchange, membership: this.#membership })
    this.#show(at)
  }

  get configuration(): Configuration {
    return this.#ledger.current
  }

  get state(): NodeState {
    return this.#state
  }

  /** True once it knows the mesh: it compared configurations with somebody, or there is nobody else. */
  get joined(): boolean {
    return this.#exchange.completed > 0 || this.#membership.strangers === 0
  }

  get linked(): ReadonlySet<string> {
    return this.#membership.linked
  }

  /** Peers to which it keeps links whatever happens: it observes them, or they observe it. */
  get neighbours(): ReadonlySet<string> {
    return this.#membership.neighbours
  }

  /** A request came over the link to this peer, or leaves over it: it is worth keeping. */
  used(peer: string): void {
    this.#membership.used(peer)
  }

  /** This member has answered a request, with whatever but a fault of its own. */
  answered(peer: string): void {
    this.#membership.served(peer, true, 0)
  }

  /** This member has not answered a request in time, or with a fault of its own. */
  unanswered(peer: string, now: number): void {
    this.#membership.served(peer, false, now)
  }

  /** When `step` wants a tick, in monotonic ms. After a tick it lies ahead. */
  get wakeAt(): number {
    const kept = Math.min(this.#operations.wakeAt, this.#memory.wakeAt, this.pressure.wakeAt)
    const always = Math.min(this.#exchange.wakeAt, this.replication.wakeAt, kept)
    if (this.#state === 'left') return always
    const alone = this.#state === 'joining' && !this.#waited ? this.#aloneAt : Number.POSITIVE_INFINITY
    const claim = this.#state === 'destroyed' ? Number.POSITIVE_INFINITY : this.#presence.wakeAt
    return Math.min(this.#membership.wakeAt, claim, always, alone)
  }

  step(input: Input, at: Instant): Output[] {
    if (this.#stepping) throw new CacheMeshError('ERR_INTERNAL', 'The core was entered while it was at work')
    this.#stepping = true
    const before = this.configuration
    this.#waited ||= at.now >= this.#aloneAt
    this.#membership.stepped(at.now, this.wantedAt)
    try {
      this.#outputs.push(...this.#proof.begin(this.roomsStepped(at), at))
      this.#apply(input, at)
      this.#live(at)
      // What this node has just said of itself may be the answer that a document waits for.
      if (this.#exchange.waits) {
        this.#exchanged(this.#exchange.joinWaiting(at.now), at)
        this.#live(at)
      }
      this.#exchanged(this.#exchange.spread(at.now), at)
      if (this.configuration !== before) this.#follow(before, at)
      this.#outputs.push(...this.#memory.due(this.configuration, at.now))
      if (this.#state !== 'joining' && this.#exchange.takeAgreement()) this.#outputs.push({ kind: 'agreed' })
      this.#outputs.push(...this.#operations.finish(at.now))
      if (this.#state !== 'left') this.#outputs.push(...toDial(this.#membership.due(at.now)))
      this.#proof.end(at)
      return this.#outputs
    } finally {
      this.wants(this.wakeAt)
      this.#outputs = []
      this.#stepping = false
    }
  }

  #apply(input: Input, at: Instant): void {
    switch (input.kind) {
      case 'tick':
        this.store.sweep(at.now)
        this.#exchanged(this.#exchange.tick(at.now), at)
        if (this.#state !== 'left') this.#follows(this.#membership.tick(at), at)
        this.#follows(this.replication.tick(at), at)
        if (this.#state === 'active') this.#outputs.push(...this.balance.tick(at))
        break
      case 'link-up':
        this.#follows(this.#membership.linkUp(input.peer, at.now), at)
        this.#exchanged(this.#exchange.linkUp(input.peer, at.now), at)
        this.#follows(this.replication.linkUp(input.peer, at), at)
        break
      case 'link-down':
        this.#membership.linkDown(input.peer, at.now)
        this.#exchange.linkDown(input.peer)
        this.replication.linkDown(input.peer)
        this.store.clock.forget(input.peer)
        this.balance.linkDown(input.peer)
        break
      case 'dialled':
        this.#membership.answered(input.contact, input.peer, at.now)
        break
      case 'dial-failed':
        this.#follows(this.#membership.failed(input.contact, input.code, at.now), at)
        break
      case 'message': {
        const { from, message, clock = 0 } = input
        if (clock > 0) this.store.clock.compare(from, clock, at.wall)
        this.replication.heard(from, at.now)
        if (message.kind === 'beat') this.balance.beaten(from, message, at.now)
        if (isTransfer(message)) {
          this.#follows(this.replication.receive(from, message, { ...at, clock }), at)
          break
        }
        this.#heard(from, at, () => this.#exchange.receive(from, message, at.now))
        this.#follows(this.#membership.receive(from, message, at.now), at)
        break
      }
      case 'announced':
        this.#heard(input.from, at, () => this.#exchange.announced(input.from, input.delta, at.now))
        break
      case 'stamp':
        this.#exchanged(this.#exchange.stamped(input.from, input.digestPrefix, at.now), at)
        break
      case 'attributes':
        this.#presence.describe(input.attributes)
        break
      case 'wanted':
        this.#membership.demand(input.peer, at.now)
        break
      case 'operation':
        this.#operate(input, at)
        break
      case 'leave':
        this.#leave(at)
        break
    }
  }

  /** What a peer says may be broken or poisoned: then it changes nothing, and is reported. */
  #heard(from: string, at: Instant, receive: () => readonly ExchangeOutput[]): void {
    try {
      this.#exchanged(receive(), at)
    } catch (error) {
      if (!(error instanceof CacheMeshError)) throw error
      this.#outputs.push({ kind: 'refused', from, error })
    }
  }

  #operate({ ask, operation, attributes }: Extract<Input, { kind: 'operation' }>, at: Instant): void {
    if (this.#state === 'left') {
      this.#operations.refuse(ask, departed())
      return
    }
    const outputs = this.#operations.begin(ask, operation, at)
    if (outputs === undefined) return
    this.#exchanged(outputs, at)
    if (attributes !== undefined) this.#apply({ kind: 'attributes', attributes }, at)
  }

  /** Nothing of a mesh that was given up is kept here but that it was. */
  #end(at: Instant): void {
    if (this.#state === 'destroyed') return
    this.store.flush()
    this.#memory.urgent(at.now)
    this.#become('destroyed')
  }

  #exchanged(outputs: readonly ExchangeOutput[], at: Instant): void {
    for (const output of outputs) {
      if (output.kind === 'surprise') this.#surprised(output.members, at)
      else if (output.kind === 'overtaken') this.#proof.removed(output.members, at)
      else this.#outputs.push(output)
    }
  }

  /** Somebody has removed members that nobody accuses here. They hear of it; this node answers for itself at once. */
  #surprised(members: readonly Member[], at: Instant): void {
    for (const { id, since } of members) if (id === this.id) this.#presence.removed(since, at.now)
    this.#proof.removed(members, at)
    const charges = members.filter(({ id }) => id !== this.id).map(hearsay)
    if (charges.length > 0) this.#membership.passOn(charges, at)
  }

  #follows(outputs: readonly (MembershipOutput | ReplicationOutput)[], at: Instant): void {
    for (const output of outputs) {
      if (output.kind === 'accused') this.#presence.accused(output.since)
      else if (output.kind === 'unable') this.#presence.stepBack(output.since, at.now)
      else if (output.kind === 'want') this.#membership.demand(output.peer, at.now)
      else if (output.kind === 'remove') this.#remove(output.members, at)
      else this.#outputs.push(output)
    }
  }

  #remove(ids: readonly string[], at: Instant): void {
    const members = ids.flatMap(id => this.configuration.member(id) ?? []).filter(it => !isTombstone(it))
    const removed = members.map(member => tombstone(member, 'removed'))
    if (removed.length === 0 || !this.#write(removed, at)) return
    for (const { id } of removed) {
      this.#outputs.push({ kind: 'suspicion', member: id, state: 'removed' })
      if (this.linked.has(id)) this.#outputs.push({ kind: 'unlink', peer: id })
    }
  }

  /** Brings the own record and the own state up to what is true. */
  #live(at: Instant): void {
    if (this.configuration.destroyed) this.#end(at)
    if (this.#state === 'destroyed') return
    if (this.#state === 'left' || this.#presence.attributes === undefined) return
    if (this.#state === 'joining' && this.#mayServe()) {
      const change = this.#initial
      if (change) this.#heard(this.id, at, () => this.#operations.found(change, at.wall))
      this.#become('active')
    }
    const alone = this.#membership.alone(at.now)
    if (this.#state === 'active' && alone) this.#become('alone')
    if (this.#state === 'alone' && !alone) this.#become('active')
    const state = this.#state === 'joining' ? 'joining' : 'active'
    const member = this.#presence.claim(this.configuration, state, at.now)
    // Somebody else lives by this identity, and raises it in turn with this node: one of the two has to go.
    if (this.#presence.doubled) {
      this.#outputs.push({ kind: 'refused', from: this.id, error: duplicateError(this.id) })
      this.#become('left')
    } else if (member !== undefined && this.#write([member], at)) this.#presence.wrote(member)
  }

  /**
   * A node serves when it knows the mesh: after one comparison with anybody, or when there is nobody to
   * compare with. Nodes that refuse this one are somebody: it must not found a mesh of its own beside theirs.
   */
  #mayServe(): boolean {
    return this.joined || ((this.#waited || this.#membership.exhausted) && !this.refused)
  }

  /** True when every seed was reached and refused this node. */
  get refused(): boolean {
    return this.#membership.refused
  }

  /** How many seeds there are, those left out that turned out to be this node itself. */
  get seeds(): number {
    return this.#membership.seeds
  }

  #leave(at: Instant): void {
    if (this.#state === 'left' || this.#state === 'destroyed') return
    this.#become('left')
    this.replication.leave()
    this.#memory.urgent(at.now)
    const member = this.configuration.member(this.id)
    if (member === undefined) return
    const before = summaryOf(this.configuration)
    this.#write([tombstone(member, 'left')], at)
    // What this node has is offered to those who hold it now, before the last word to each of them.
    this.placement.update(this.configuration)
    const offers = this.replication.follow(this.configuration, at)
    this.#exchanged(this.#exchange.spread(at.now, true), at)
    // Everybody hears it from this node itself: it will not be here to repeat what a lost announcement said.
    const delta = deltaTo(this.configuration, before)
    this.#outputs.push(...toAll(this.linked, { kind: 'delta', delta }))
    this.#follows(offers, at)
    this.#outputs.push(...toAll(this.linked, { kind: 'goodbye' }))
  }

  /** Returns false when nothing was written, and reports why. */
  #write(members: readonly Member[], at: Instant): boolean {
    const before = this.configuration
    try {
      if (!this.#ledger.author(members.map(memberRecord), at.wall)) return false
    } catch (error) {
      if (!(error instanceof CacheMeshError)) throw error
      this.#outputs.push({ kind: 'refused', from: this.id, error })
      return false
    }
    this.#exchange.announce(before)
    return true
  }

  /** The configuration changed: all that is derived from it follows. */
  #follow(before: Configuration, at: Instant): void {
    const { configuration } = this
    this.#memory.changed(at.now)
    this.stamp.serial = configuration.version.serial
    // The same text under a higher serial: there is nothing in it that anybody has not seen.
    if (configuration.version.digest === before.version.digest) return
    this.#show(at)
    this.#outputs.push({ kind: 'configuration', configuration })
  }

  /** Ring, contacts and stamp are those of the current configuration. */
  #show(at: Instant): void {
    const { configuration } = this
    this.stamp.serial = configuration.version.serial
    this.stamp.digestPrefix = digestPrefix(configuration.version)
    this.placement.update(configuration)
    this.copying.follow(configuration)
    this.balance.follow(configuration, at.now)
    this.#erasing.follow(this.store, configuration, at.wall)
    this.#follows(this.replication.follow(configuration, at), at)
    this.#follows(this.#membership.follow(configuration, at.now), at)
  }

  #become(state: NodeState): void {
    this.#state = state
    this.#presence.changed()
    this.#outputs.push({ kind: 'state', state })
  }
}
