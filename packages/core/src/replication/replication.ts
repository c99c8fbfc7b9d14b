// Who should hold an entry and does not gets it from those who do. One rule for a node that joins, one that leaves, a
// member that was lost, replicas that drifted apart, and two sides of a cut that meet: whenever entries may have to move
// between two nodes, each offers the other what it has, and takes what it lacks (docs/decisions/0032). This room decides who
// offers what to whom and when, what this node has still to get, and what others may write into its memory. It never
// routes a request, and knows no link but by the ids of peers.

import { Configuration, type TransferMessage } from '@cachemesh/protocol'
import type { Random } from '../chance/random.ts'
import type { Instant } from '../limits/instant.ts'
import { type Rules, TIMES } from '../limits/limits.ts'
import type { FenceState } from '../membership/fence.ts'
import { Placement, type Target } from '../placement/placement.ts'
import { shiftBetween } from '../placement/shift.ts'
import type { Entry } from '../store/entry.ts'
import type { Store } from '../store/store.ts'
import type { Accepted } from '../writes/accept.ts'
import { Arrivals } from './arrivals.ts'
import { isInCharge } from './charge.ts'
import { Expectations } from './expectations.ts'
import { Holdings } from './holdings.ts'
import { Leftovers } from './leftovers.ts'
import { Offers, type Send } from './offers.ts'
import { Pulls } from './pulls.ts'
import { movesBetween, type Standing, standingIn } from './standing.ts'
import { dropTaken, Takeovers } from './takeovers.ts'
import { OwnWarmth, Warmth } from './warmth.ts'
import { Wholes } from './wholes.ts'

export interface ReplicationParts {
  readonly store: Store
  readonly placement: Placement
  readonly linked: ReadonlySet<string>
  readonly random: Random
  readonly rules: Rules
}

/** `want`: a link to this member is needed. */
export type ReplicationOutput = Send | { readonly kind: 'want'; readonly peer: string }

/** How much of what a node should hold it holds. */
export interface ReplicationState {
  /** Nothing is known of that it should have and has not got: a miss here is a miss. */
  readonly warm: boolean
  /** Arcs that it gets from others now: of so many so many are here. Both 0: nothing is on its way. */
  readonly arcs: { readonly done: number; readonly total: number }
  /** It, and every member that it is linked to, has all that it should have, by the configuration of today. */
  readonly fullyReplicated: boolean
  /** Entries that came from others, in this life, other than as writes. */
  readonly transferred: number
}

const NOTHING: readonly ReplicationOutput[] = []

export class Replication {
  readonly #parts: ReplicationParts
  readonly #self: string
  readonly #holdings: Holdings
  readonly #offers: Offers
  readonly #pulls: Pulls
  readonly #expectations: Expectations
  readonly #wholes = new Wholes()
  readonly #leftovers: Leftovers
  readonly #takeovers: Takeovers
  /** Who held what before the last time that entries had to move. */
  readonly #former: Placement
  #configuration: Configuration
  #standing: Standing
  readonly #arrivals: Arrivals
  /** Members in whose place this node has written something; `anew`: since they were last offered what is here. */
  readonly #stoodInFor = new Map<string, { anew: boolean }>()
  /** What others said of themselves. */
  readonly #warmth = new Warmth()
  readonly #ownWarmth = new OwnWarmth()
  #repairAt = Number.POSITIVE_INFINITY
  #sweepAt = Number.POSITIVE_INFINITY
  #returnAt = Number.POSITIVE_INFINITY
  #leaving = false
  /** Version up to which others may have written in the place of this node while it was away. */
  #doubtedUpTo = 0
  /** Whether this node knows that the others hold it for a member. */
  fence: FenceState = 'open'

  constructor(parts: ReplicationParts) {
    const { store, placement, linked, random } = parts
    this.#parts = parts
    this.#self = placement.self
    this.#holdings = new Holdings(store, placement)
    this.#offers = new Offers(this.#holdings, linked, random.below(2 ** 40))
    this.#expectations = new Expectations(linked)
    this.#leftovers = new Leftovers(this.#holdings)
    this.#takeovers = new Takeovers(store)
    this.#former = new Placement(this.#self, placement.rings)
    this.#arrivals = new Arrivals(this.#holdings, this.#former)
    this.#configuration = Configuration.empty('')
    // Whatever this node was in an earlier life, its memory is empty now.
    this.#standing = { weights: new Map(), rest: '', positions: '' }
    this.#pulls = new Pulls({
      holdings: this.#holdings,
      linked,
      begins: (peer, { since }) => dropTaken(this.#holdings, { peer, since, former: this.#former }),
      takesFloors: (floors, at) => this.#arrivals.takeFloors(floors, at),
      takes: (peer, entries, at) => {
        this.#arrivals.takePage(peer, entries, { at, isExpected: this.#expectations.has(peer) })
      },
      ended: (peer, { ring }, whole) => {
        if (!whole) return
        this.#expectations.met(peer)
        this.#wholes.met(peer, ring)
      },
    })
  }

  /** What this node owns may be at others: the one question of the hot path. */
  get cold(): boolean {
    return this.#expectations.size > 0 || this.fence !== 'open'
  }

  /** This member may know of entries that this node should have: a link to it is worth waiting for. */
  expects(peer: string): boolean {
    return this.#expectations.has(peer)
  }

  /** It is not cold, and keeps everything alone: a write is over when it is written. */
  get plain(): boolean {
    return !this.cold && !this.#parts.placement.replicates
  }

  /** Others may still need what this node has. */
  get handingOver(): boolean {
    return this.#offers.busy
  }

  get state(): ReplicationState {
    return {
      warm: this.#expectations.size === 0,
      arcs: this.#pulls.progress,
      fullyReplicated: this.full && this.#warmth.areFull(this.#standing.weights.keys(), this.#parts),
      transferred: this.#pulls.transferredEntries,
    }
  }

  /** How often what others have sent has changed what is here, in this life: in transfers, after looks, as writes. */
  get changesByOthers(): number {
    return this.#arrivals.changes
  }

  /** What a member said of itself; undefined: nothing. */
  warmthOf(member: string): boolean | undefined {
    return this.#warmth.of(member)
  }

  /** All of a member's entries that should be here are here, by the ring of today. */
  hasAllOf(member: string): boolean {
    return this.#wholes.has(member, this.#parts.placement.fingerprint)
  }

  /** It has all that it should have, as far as it knows. */
  get full(): boolean {
    return this.fence === 'open' && this.#isFull
  }

  get #isFull(): boolean {
    return this.#expectations.size === 0 && !this.#pulls.busy
  }

  /** The configuration is another one now. */
  follow(configuration: Configuration, at: Instant): readonly ReplicationOutput[] {
    const former = this.#configuration
    const before = this.#standing
    const after = standingIn(configuration)
    this.#configuration = configuration
    if (this.#parts.rules.transfers === 0) return NOTHING
    const { placement, store } = this.#parts
    const { replicates } = placement
    const shift = () => shiftBetween(former, configuration, placement)
    const moves = movesBetween({ self: this.#self, before, after, configuration, replicates, shift })
    this.#standing = after
    this.#wholes.follow(placement.fingerprint, moves.peers)
    if (moves.peers.length === 0 && !moves.gained && !moves.lost) return NOTHING
    this.#former.update(former)
    if (moves.gained) this.#leftovers.gained(target => this.#former.isHolder(this.#self, target))
    if (moves.lost) this.#leftovers.lost(store.clock.next(at.wall))
    for (const member of moves.removed) this.#takeovers.removed(member, at)
    for (const member of [...moves.removed, ...moves.left]) {
      this.#arrivals.went(member)
      this.#expectations.went(member)
    }
    for (const member of after.weights.keys())
      if (!before.weights.has(member)) this.#arrivals.came(member, at.now)
    for (const peer of moves.left) if (this.#parts.linked.has(peer)) this.#expectations.expect(peer, at.now)
    if (after.weights.has(this.#self)) this.#expect(moves.expected, at.now)
    if (replicates && this.#repairAt === Number.POSITIVE_INFINITY) this.#planRepair(at.now)
    return [...moves.peers.flatMap(peer => this.#offer(peer, false, at)), ...this.#tell(at.now)]
  }

  #expect(peers: readonly string[], now: number): void {
    const ring = this.#parts.placement.fingerprint
    for (const peer of peers) {
      if (peer === this.#self || this.#pulls.hasNothing(peer, ring)) continue
      this.#expectations.expect(peer, now)
    }
  }

  /** The others had removed this node, and it is back, with what it held. Any may know better; `heard`: those it has to hear of. */
  returns(heard: ReadonlySet<string>, at: Instant): void {
    this.#doubtedUpTo = this.#parts.store.clock.next(at.wall)
    for (const peer of this.#standing.weights.keys()) {
      if (heard.has(peer)) this.#expectations.doubt(peer, at.now)
      else if (peer !== this.#self) this.#expectations.expect(peer, at.now)
    }
  }

  /** Some message has come from a peer. */
  heard(peer: string, now: number): void {
    this.#expectations.heard(peer, now)
  }

  /** Others may have something newer than what is here of this key, under this version. */
  doubts(key: string, version: number): boolean {
    if (this.#expectations.size === 0) return false
    return version <= this.#doubtedUpTo || this.#arrivals.isHearsay(key)
  }

  linkUp(peer: string, at: Instant): readonly ReplicationOutput[] {
    if (this.#parts.rules.transfers === 0 || !this.#isMember(peer)) return NOTHING
    return [...this.#offer(peer, false, at), ...this.#tell(at.now, peer)]
  }

  linkDown(peer: string): void {
    this.#pulls.forget(peer)
    this.#warmth.forget(peer)
  }

  /** `clock`: what the sender's version clock showed; 0: it said nothing. */
  receive(
    from: string,
    message: TransferMessage,
    at: Instant & { readonly clock: number },
  ): readonly ReplicationOutput[] {
    if (this.#parts.rules.transfers === 0) return NOTHING
    // What this node writes from now on is later than all that it is offered.
    this.#parts.store.clock.see(at.clock, at.wall)
    if (message.kind === 'warm') {
      this.#warmth.said(from, message)
      return NOTHING
    }
    const [wasOpen, wasOwed] = [this.#offers.open(from), this.#offers.owes(from)]
    const sends = [...this.#offers.receive(from, message, at.now), ...this.#pulls.receive(from, message, at)]
    if (wasOpen && !this.#offers.open(from)) {
      this.#takeovers.settled(from)
      if (this.#stoodInFor.get(from)?.anew === false) this.#stoodInFor.delete(from)
      if (wasOwed) this.#sweepAt = Math.min(this.#sweepAt, at.now + 1)
    }
    return [...sends, ...this.#tell(at.now)]
  }

  /** This member may need what this node holds and should not. */
  readonly #isOwed = (peer: string): boolean => this.#offers.owes(peer) || this.#stoodInFor.has(peer)

  tick(at: Instant): readonly ReplicationOutput[] {
    if (this.#parts.rules.transfers === 0) return NOTHING
    const outputs: ReplicationOutput[] = [
      ...this.#offers.tick(at.now, peer => this.#isMember(peer)),
      ...this.#pulls.tick(at),
    ]
    this.#expectations.tick(at.now, peer => this.#pulls.open(peer))
    if (this.#expectations.size === 0) this.#arrivals.settled()
    if (at.now >= this.#repairAt) outputs.push(...this.#repair(at))
    if (at.now >= this.#returnAt) outputs.push(...this.#giveBack(at))
    const owes = this.#offers.busy || this.#stoodInFor.size > 0
    if (at.now >= this.#sweepAt) {
      const goesOn = this.#leftovers.sweep(this.#isOwed, owes)
      this.#sweepAt = goesOn ? at.now + 1 : Number.POSITIVE_INFINITY
    }
    // Also when those who were owed something are gone for good.
    if (this.#leftovers.any && !owes) this.#sweepAt = Math.min(this.#sweepAt, at.now + 1)
    return [...outputs, ...this.#tell(at.now)]
  }

  get wakeAt(): number {
    if (this.#parts.rules.transfers === 0) return Number.POSITIVE_INFINITY
    return Math.min(
      this.#offers.wakeAt,
      this.#pulls.wakeAt,
      this.#expectations.wakeAt,
      this.#ownWarmth.wakeAt,
      this.#repairAt,
      this.#sweepAt,
      this.#returnAt,
    )
  }

  /** From now on this node only gives. */
  leave(): void {
    this.#leaving = true
    this.#repairAt = Number.POSITIVE_INFINITY
  }

  /** What this node has is offered to a member that may lack it. */
  #offer(peer: string, routine: boolean, { now, wall }: Instant): readonly ReplicationOutput[] {
    const { placement, linked, store } = this.#parts
    const stoodIn = this.#stoodInFor.get(peer)
    if (stoodIn !== undefined) {
      // Whatever the reason for this offer, it gives back what was kept in the peer's place until now.
      stoodIn.anew = false
      this.#leftovers.lost(store.clock.next(wall))
    }
    const mayLack = placement.replicates || this.#leftovers.any || this.#isOwed(peer) || this.#leaving
    const entries = mayLack ? this.#holdings.count : 0
    const since = this.#takeovers.since(peer, now)
    const made = this.#offers.make({ peer, entries, routine: routine && stoodIn === undefined, since }, now)
    return entries > 0 && !linked.has(peer) ? [...made, { kind: 'want', peer }] : made
  }

  /** What replicas hold drifts apart when a write does not reach one of them. */
  #repair(at: Instant): readonly ReplicationOutput[] {
    this.#planRepair(at.now)
    if (!this.#parts.placement.replicates) this.#repairAt = Number.POSITIVE_INFINITY
    const peers = [...this.#standing.weights.keys()].filter(
      peer => peer !== this.#self && this.#parts.linked.has(peer),
    )
    if (!this.#parts.placement.replicates || peers.length === 0) return NOTHING
    const peer = peers[this.#parts.random.below(peers.length)] as string
    return this.#offer(peer, true, at)
  }

  #planRepair(now: number): void {
    const { rules, random } = this.#parts
    this.#repairAt = now + random.jittered(rules.repairMs)
  }

  /** Tells all peers whether this node has what it should have, when that is news; else this one, when it is given. */
  #tell(now: number, stranger?: string): readonly ReplicationOutput[] {
    const { placement, linked } = this.#parts
    const isNews = this.#ownWarmth.isNews(this.#isFull, placement, now)
    const { said: message } = this.#ownWarmth
    if (message === undefined) return NOTHING
    const peers = isNews ? [...linked] : stranger === undefined ? [] : [stranger]
    return peers.map(to => ({ kind: 'send', to, message }))
  }

  #isMember(peer: string): boolean {
    return this.#configuration.member(peer)?.state === 'active'
  }

  /** An entry of another member, for a key that this node holds, or answers for. Throws ERR_VALUE_TOO_LARGE. */
  take(peer: string, target: Target, arrived: { readonly entry: Entry; readonly at: Instant }): Accepted {
    // What is here for somebody who could not be reached does not stay until it is long out of date.
    if (!this.#holdings.isMine(target)) {
      const owner = this.#parts.placement.owner(target.hash, target.key)
      if (owner !== undefined) this.stoodIn([owner], arrived.at.now)
    }
    return this.#arrivals.take(peer, target, arrived)
  }

  /** Who may have the entry of a key that is not in this node's memory, in the order in which to ask; undefined: nobody. */
  sources(target: Target): readonly string[] | undefined {
    if (!this.cold) return undefined
    const listed = [...this.#former.list(target), ...this.#parts.placement.list(target)]
    const expected = [...new Set(listed)].filter(id => id !== this.#self && this.#expectations.has(id))
    return expected.length === 0 ? undefined : expected
  }

  /** This node would know of an entry of this key, if there was one. */
  informed(target: Target): boolean {
    if (this.cold) return false
    return this.#holdings.isMine(target) || this.#former.isHolder(this.#self, target)
  }

  /** This node writes in the place of members that somebody could not reach: they hear of it when they can. */
  stoodIn(failed: readonly string[], now: number): void {
    for (const id of failed) if (id !== this.#self) this.#stoodInFor.set(id, { anew: true })
    if (this.#stoodInFor.size > 0) this.#returnAt = Math.min(this.#returnAt, now + TIMES.transferRetryMs)
  }

  /** Members in whose place this node wrote get it, as soon as they are heard. */
  #giveBack(at: Instant): readonly ReplicationOutput[] {
    this.#returnAt = Number.POSITIVE_INFINITY
    const outputs: ReplicationOutput[] = []
    for (const peer of this.#stoodInFor.keys()) {
      if (!this.#isMember(peer)) this.#stoodInFor.delete(peer)
      else if (!this.#offers.open(peer) && this.#parts.linked.has(peer))
        outputs.push(...this.#offer(peer, false, at))
    }
    if (this.#stoodInFor.size > 0) this.#returnAt = at.now + TIMES.transferRetryMs
    return outputs
  }

  /**
   * True when a member may write a key into the memories of those who hold it. `failed`: whom it could not reach. Who
   * knows no older configuration than this node is believed; else it has to be the owner here too.
   */
  mayWrite(
    from: string,
    target: Target,
    { failed, serial }: { readonly failed: readonly string[]; readonly serial: number },
  ): boolean {
    const { rules, placement } = this.#parts
    const isNewer = serial > this.#configuration.version.serial
    return rules.fencing === 0 || isNewer || isInCharge(placement.list(target), from, failed)
  }
}
