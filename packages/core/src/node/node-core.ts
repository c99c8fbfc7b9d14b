// One node as a state machine: inputs and the time go in, outputs come out, nothing happens in between. The
// rules are in the rooms; here is only who hears of what. Requests for keys do not come through `step`: the
// data path calls `store`, `placement` and `route` directly, with the same `now`.

import {
  CacheMeshError,
  Configuration,
  deltaTo,
  digestPrefix,
  type Member,
  memberRecord,
  type Stamp,
  summaryOf,
  tombstone,
} from '@cachemesh/protocol'
import { Random } from '../chance/random.ts'
import type { Change } from '../configuration/change.ts'
import { Exchange } from '../configuration/exchange.ts'
import { Ledger } from '../configuration/ledger.ts'
import { Operations } from '../configuration/operations.ts'
import { packConfiguration } from '../configuration/packed.ts'
import { SettingsReader } from '../configuration/settings.ts'
import { TIMES } from '../limits/limits.ts'
import { Contacts } from '../membership/contacts.ts'
import { type Attributes, claim } from '../membership/presence.ts'
import { Placement } from '../placement/placement.ts'
import { type Passed, type Route, route } from '../placement/router.ts'
import { Store } from '../store/store.ts'
import type { Input, Instant } from './input.ts'
import type { NodeState, Output } from './output.ts'

export interface NodeCoreOptions {
  readonly id: string
  readonly meshId: string
  /** What the node says of itself; when it is not known yet, an input says it, and nothing is claimed before. */
  readonly attributes?: Attributes
  /** Addresses to find the mesh by; without any the node founds one. */
  readonly seeds: readonly string[]
  /** What a mesh agrees on at first, when this node is among those who found it. */
  readonly initial?: Change
  /** Bytes for entries. */
  readonly cacheBytes: number
  /** Seed of all chance in this node. */
  readonly randomSeed: number
  /** The configuration of an earlier life, from `persist`. */
  readonly remembered?: Configuration
}

/** How long changes are gathered before the whole configuration is written out once. */
const PERSIST_DELAY_MS = 100
/** Its name in the reserved partition. */
const CONFIGURATION = 'configuration'

export class NodeCore {
  readonly id: string
  readonly store: Store
  readonly placement: Placement
  /** What the configuration asks of all nodes. */
  readonly settings: SettingsReader
  /** What every frame of this node says about it. One object for its whole life. */
  readonly stamp: Stamp = { serial: 0, digestPrefix: 0, clock: 0 }
  readonly #ledger: Ledger
  readonly #exchange: Exchange
  readonly #contacts: Contacts
  readonly #operations: Operations
  readonly #initial: Change | undefined
  readonly #aloneAt: number
  #attributes: Attributes | undefined
  #incarnation: number
  /** The configuration whose record of this node says what is true. */
  #trueIn: Configuration | undefined
  #state: NodeState = 'joining'
  #persistAt = Number.POSITIVE_INFINITY
  /** The time in which a node waits for its mesh is over. */
  #waited = false
  /** Digest of the configuration that peers confirmed last. */
  #agreedOn = ''
  #outputs: Output[] = []
  #stepping = false

  constructor(options: NodeCoreOptions, at: Instant) {
    const random = new Random(options.randomSeed)
    this.id = options.id
    this.#attributes = options.attributes
    this.store = new Store(options.cacheBytes)
    this.placement = new Placement(options.id)
    this.settings = new SettingsReader(() => this.configuration)
    this.#ledger = new Ledger(options.remembered ?? Configuration.empty(options.meshId))
    this.#contacts = new Contacts({ self: options.id, seeds: options.seeds, random })
    const { linked } = this.#contacts
    this.#exchange = new Exchange({ ledger: this.#ledger, linked, random, now: at.now })
    this.#operations = new Operations({ ledger: this.#ledger, exchange: this.#exchange, linked })
    this.#initial = options.initial
    this.#incarnation = this.configuration.member(options.id)?.incarnation ?? 0
    this.#aloneAt = at.now + TIMES.aloneAfterMs
    if (options.remembered) this.store.reserved.put(CONFIGURATION, packConfiguration(options.remembered))
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
    return this.#exchange.completed > 0 || this.#contacts.strangers === 0
  }

  get linked(): ReadonlySet<string> {
    return this.#contacts.linked
  }

  /** When `step` wants a tick, in monotonic ms. After a tick it lies ahead. */
  get wakeAt(): number {
    const always = Math.min(this.#exchange.wakeAt, this.#operations.wakeAt, this.#persistAt)
    if (this.#state === 'left') return always
    const alone = this.#state === 'joining' && !this.#waited ? this.#aloneAt : Number.POSITIVE_INFINITY
    return Math.min(this.#contacts.wakeAt, always, alone)
  }

  /** Where a request for a key with this hash goes. `reachable` is asked for members other than this node. */
  route(hash: number, passed: Passed, reachable: (id: string) => boolean): Route {
    return route(this.placement, hash, passed, reachable)
  }

  step(input: Input, at: Instant): Output[] {
    if (this.#stepping) throw new CacheMeshError('ERR_INTERNAL', 'The core was entered while it was at work')
    this.#stepping = true
    const before = this.configuration
    this.#waited ||= at.now >= this.#aloneAt
    try {
      this.#apply(input, at)
      this.#live(at)
      this.#emit(this.#exchange.spread())
      if (this.configuration !== before) this.#follow(before, at)
      this.#keep(at)
      this.#agree()
      this.#emit(this.#operations.finish(at.now))
      for (const contact of this.#state === 'left' ? [] : this.#contacts.due(at.now)) {
        this.#outputs.push({ kind: 'dial', contact })
      }
      return this.#outputs
    } finally {
      this.#outputs = []
      this.#stepping = false
    }
  }

  #apply(input: Input, at: Instant): void {
    switch (input.kind) {
      case 'tick':
        this.#emit(this.#exchange.tick(at.now))
        break
      case 'link-up':
        this.#contacts.linkUp(input.peer)
        this.#emit(this.#exchange.linkUp(input.peer, at.now))
        break
      case 'link-down':
        this.#contacts.linkDown(input.peer, at.now)
        this.#exchange.linkDown(input.peer)
        this.store.clock.forget(input.peer)
        break
      case 'dialled':
        this.#contacts.answered(input.contact, input.peer, at.now)
        break
      case 'dial-failed':
        this.#contacts.failed(input.contact, at.now, input.code)
        break
      case 'message':
        if (input.clock !== undefined) this.store.clock.compare(input.from, input.clock, at.wall)
        this.#heard(input.from, () => this.#exchange.receive(input.from, input.message, at.now))
        break
      case 'announced':
        this.#heard(input.from, () => this.#exchange.announced(input.from, input.delta, at.now))
        break
      case 'stamp':
        this.#emit(this.#exchange.stamped(input.from, input.digestPrefix, at.now))
        break
      case 'attributes':
        this.#attributes = input.attributes
        this.#trueIn = undefined
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
  #heard(from: string, receive: () => readonly Output[]): void {
    try {
      this.#emit(receive())
    } catch (error) {
      if (!(error instanceof CacheMeshError)) throw error
      this.#outputs.push({ kind: 'refused', from, error })
    }
  }

  #operate({ ask, operation, attributes }: Extract<Input, { kind: 'operation' }>, at: Instant): void {
    if (this.#state === 'left') {
      const error = new CacheMeshError('ERR_CLOSED', 'This node has left the mesh; ask another one')
      this.#operations.refuse(ask, error)
      return
    }
    const outputs = this.#operations.begin(ask, operation, at)
    if (outputs === undefined) return
    this.#emit(outputs)
    if (attributes !== undefined) this.#apply({ kind: 'attributes', attributes }, at)
  }

  /** Nothing of a mesh that was given up is kept here but that it was. */
  #end(at: Instant): void {
    if (this.#state === 'destroyed') return
    this.store.flush()
    this.#persistAt = at.now
    this.#become('destroyed')
  }

  /** Brings the own record and the own state up to what is true. */
  #live(at: Instant): void {
    if (this.configuration.destroyed) this.#end(at)
    if (this.#state === 'destroyed') return
    if (this.#state === 'left' || this.#attributes === undefined) return
    if (this.#state === 'joining' && this.#mayServe()) this.#begin(at)
    const stranded = this.#contacts.strangers > 0 && this.#contacts.linked.size === 0
    if (this.#state === 'active' && stranded) this.#become('alone')
    if (this.#state === 'alone' && !stranded) this.#become('active')
    if (this.configuration === this.#trueIn) return
    const state = this.#state === 'joining' ? 'joining' : 'active'
    const wanted = { state, attributes: this.#attributes, incarnation: this.#incarnation } as const
    const member = claim(this.configuration, this.id, wanted)
    if (member === undefined) {
      this.#trueIn = this.configuration
      return
    }
    if (this.#write(member, at)) this.#incarnation = member.incarnation
    // Without room for its record a node tries again in the next document, not in every step.
    else this.#trueIn = this.configuration
  }

  #begin(at: Instant): void {
    const initial = this.#initial
    if (initial) this.#heard(this.id, () => this.#operations.found(initial, at.wall))
    this.#become('active')
  }

  /**
   * A node serves when it knows the mesh: after one comparison with anybody, or when there is nobody to
   * compare with. Nodes that refuse this one are somebody: it must not found a mesh of its own beside theirs.
   */
  #mayServe(): boolean {
    if (this.joined) return true
    return (this.#waited || this.#contacts.exhausted) && !this.refused
  }

  /** True when every seed was reached and refused this node. */
  get refused(): boolean {
    return this.#contacts.refused
  }

  /** How many seeds there are, those left out that turned out to be this node itself. */
  get seeds(): number {
    return this.#contacts.seeds
  }

  #leave(at: Instant): void {
    if (this.#state === 'left' || this.#state === 'destroyed') return
    this.#become('left')
    // The process may end before a delay is over.
    this.#persistAt = at.now
    const member = this.configuration.member(this.id)
    if (member === undefined) return
    const before = summaryOf(this.configuration)
    this.#write(tombstone(member, 'left'), at)
    this.#emit(this.#exchange.spread())
    // Everybody hears it from this node itself: it will not be here to repeat what a lost announcement said.
    const delta = deltaTo(this.configuration, before)
    for (const to of this.#contacts.linked) {
      this.#outputs.push({ kind: 'send', to, message: { kind: 'delta', delta } })
      this.#outputs.push({ kind: 'send', to, message: { kind: 'goodbye' } })
    }
  }

  /** Returns false when nothing was written, and reports why. */
  #write(member: Member, at: Instant): boolean {
    const before = this.configuration
    try {
      if (!this.#ledger.author([memberRecord(member)], at.wall)) return false
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
    this.#persistAt = Math.min(this.#persistAt, at.now + PERSIST_DELAY_MS)
    if (configuration.version.digest === before.version.digest) {
      // The same text under a higher serial: there is nothing in it that anybody has not seen.
      this.stamp.serial = configuration.version.serial
      return
    }
    this.#show(at)
    this.#outputs.push({ kind: 'configuration', configuration })
  }

  /** Ring, contacts and stamp are those of the current configuration. */
  #show(at: Instant): void {
    const { configuration } = this
    this.stamp.serial = configuration.version.serial
    this.stamp.digestPrefix = digestPrefix(configuration.version)
    this.placement.update(configuration)
    this.#contacts.update(configuration, at.now)
  }

  /** The reserved partition holds the configuration in bytes, where nothing can push it out. */
  #keep(at: Instant): void {
    if (at.now < this.#persistAt) return
    this.#persistAt = Number.POSITIVE_INFINITY
    const bytes = packConfiguration(this.configuration)
    this.store.reserved.put(CONFIGURATION, bytes)
    this.#outputs.push({ kind: 'persist', bytes })
  }

  #agree(): void {
    const { digest } = this.configuration.version
    if (this.#state === 'joining' || this.#agreedOn === digest || !this.#exchange.agreed) return
    this.#agreedOn = digest
    this.#outputs.push({ kind: 'agreed' })
  }

  #become(state: NodeState): void {
    this.#state = state
    this.#trueIn = undefined
    this.#outputs.push({ kind: 'state', state })
  }

  #emit(outputs: readonly Output[]): void {
    this.#outputs.push(...outputs)
  }
}
