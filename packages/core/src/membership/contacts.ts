import type { Configuration, ErrorCode, Member } from '@cachemesh/protocol'
import { isTombstone } from '@cachemesh/protocol'
import type { Random } from '../chance/random.ts'
import { TIMES } from '../limits/limits.ts'
import { DialPace } from './dial-pace.ts'

/** Somebody to connect to: a member by id, or a seed, whose id nobody knows before it answers. */
export interface Contact {
  /** The member's id, or the seed's address. */
  readonly name: string
  readonly addresses: readonly string[]
  readonly peer?: string
}

/** Failed dials of each contact after which a node stops waiting for them to begin serving. */
const TRIES_BEFORE_ALONE = 3
/** Somebody is there, and does not want this node. */
const REFUSALS: readonly ErrorCode[] = ['ERR_ADMISSION_REFUSED', 'ERR_WRONG_MESH']

interface Attempt {
  contact: Contact
  tries: number
  dialling: boolean
  nextAt: number
  /** Who answered at a seed's address, or is said to be there. */
  peer: string | undefined
  /** Why the last dial failed. */
  code: ErrorCode | undefined
  /** Until when it is needed: for good, or for a request. */
  until: number
  /** When its last link came up. */
  linkedAt: number
  /** Never linked, and never tried. */
  fresh: boolean
}

/** How long a link that a request or a check needs is tried for. */
const DEMAND_MS = 10_000
/** Wait before a neighbour whose link closed is dialled: it tells a crash from a broken connection. */
const RECONNECT_MS = 30
/** Whom a node observes it can judge only over a link: it waits for its turn so long at most. */
const PACED_MAX_MS = 10_000
/** Of so many other members the links are made in turn: a handful of handshakes is a moment on any machine. */
const PACED_FROM = 4
/** A link that held for so long was a good one: its end is no failure of the dial that made it. */
const HELD_MS = 1_000

/**
 * Whom to dial, and when. Every seed, every neighbour, and for a while everybody whom a request needs, is tried again
 * and again, with a wait that doubles up to a bound and is jittered; no neighbour is ever given up, so a mesh finds
 * itself again however long a cut lasted.
 */
export class Contacts {
  readonly #self: string
  readonly #random: Random
  readonly #attempts = new Map<string, Attempt>()
  readonly #pace = new DialPace()
  readonly #linked: ReadonlySet<string>
  readonly #patience: () => number
  /** Members besides this node. */
  #others = 0
  /** When somebody joined or was gone. */
  #changedAt = Number.NEGATIVE_INFINITY
  #configuration: Configuration | undefined
  /** Seeds among the attempts. */
  #seedCount: number
  /** Others have come to this node: what they hear of the mesh they hear from it. */
  #sought = false
  /** What `wakeAt` says; undefined: something changed since it was found. Every step asks for it. */
  #earliest: number | undefined

  constructor(options: {
    self: string
    seeds: readonly string[]
    linked: ReadonlySet<string>
    random: Random
    /** How many times longer than usual this node waits for others, because it doubts itself. */
    patience: () => number
    /** Monotonic ms. */
    now: number
  }) {
    this.#self = options.self
    this.#random = options.random
    this.#linked = options.linked
    this.#patience = options.patience
    // Each node begins with another one, so that no seed has to admit all who start at once.
    for (const seed of options.random.shuffled(options.seeds))
      this.#add({ name: seed, addresses: [seed] }, options.now)
    this.#seedCount = this.#attempts.size
  }

  linkUp(peer: string, now: number): void {
    this.#earliest = undefined
    let dialled = false
    for (const attempt of this.#attempts.values()) {
      if (attempt.peer === peer) this.#linkedTo(attempt, now)
      // Who answers at a seed's address is told after its link came up.
      dialled ||= attempt.peer === peer || (attempt.dialling && attempt.peer === undefined)
    }
    this.#sought ||= !dialled
  }

  linkDown(peer: string, now: number): void {
    this.#earliest = undefined
    for (const attempt of this.#attempts.values()) {
      if (attempt.peer !== peer) continue
      // A link that comes up and breaks at once is tried less and less often, like a dial that fails.
      if (now - attempt.linkedAt < HELD_MS) {
        attempt.tries++
        this.#schedule(attempt, now)
      } else {
        attempt.tries = 0
        attempt.nextAt = now + this.#random.jittered(RECONNECT_MS)
      }
    }
  }

  /** Follows the configuration: neighbours are dialled, members that are gone are not any more. */
  update(configuration: Configuration, neighbours: ReadonlySet<string>, now: number): void {
    this.#earliest = undefined
    this.#configuration = configuration
    const own = configuration.member(this.#self)
    const others = configuration.living - (own !== undefined && isLiving(own.state) ? 1 : 0)
    if (others !== this.#others) this.#changedAt = now
    this.#others = others
    for (const [name, attempt] of this.#attempts) {
      const { contact, until } = attempt
      if (contact.peer === undefined) {
        attempt.peer ??= configuration.members.find(
          it => it.id !== this.#self && isLiving(it.state) && isAt(it, name),
        )?.id
        continue
      }
      const member = configuration.member(contact.peer)
      const needed = neighbours.has(contact.peer) || until !== Number.POSITIVE_INFINITY
      if (member === undefined || isTombstone(member) || !needed) this.#attempts.delete(name)
    }
    // Both ends learn of each other at one moment: the larger id lets the smaller dial first.
    for (const id of neighbours)
      this.#want(id, {
        dialAt: this.#self < id ? now : now + TIMES.dialHeadStartMs,
        until: Number.POSITIVE_INFINITY,
      })
  }

  /** A link to this member is needed now. */
  demand(peer: string, now: number): void {
    if (this.#linked.has(peer) || peer === this.#self) return
    const attempt = this.#attempts.get(peer)
    if (attempt === undefined || attempt.until < now)
      this.#want(peer, { dialAt: now, until: now + DEMAND_MS })
    else if (attempt.until !== Number.POSITIVE_INFINITY) attempt.until = now + DEMAND_MS
    else if (attempt.fresh) this.#hurry(attempt, now)
  }

  #hurry(attempt: Attempt, now: number): void {
    this.#earliest = undefined
    attempt.fresh = false
    attempt.nextAt = now
  }

  #want(peer: string, { dialAt, until }: { dialAt: number; until: number }): void {
    const member = this.#configuration?.member(peer)
    if (member === undefined || isTombstone(member) || member.addresses.length === 0) return
    this.#earliest = undefined
    const { addresses } = member
    const attempt = this.#attempts.get(peer)
    if (attempt === undefined) {
      this.#add({ name: peer, addresses, peer }, dialAt, until)
      return
    }
    const before = attempt.contact.addresses
    if (before !== addresses) {
      attempt.contact = { name: peer, addresses, peer }
      // Whoever has moved is dialled at once: the waits were for the old address.
      if (before.join() !== addresses.join()) {
        attempt.tries = 0
        attempt.nextAt = dialAt
      }
    }
    attempt.until = Math.max(attempt.until, until)
  }

  /** The contacts whose time has come; they count as being dialled until `answered` or `failed`. */
  due(now: number): Contact[] {
    const due: Contact[] = []
    if (this.wakeAt > now) return due
    this.#earliest = undefined
    for (const attempt of this.#attempts.values()) {
      if (attempt.dialling || this.#startsAt(attempt) > now || this.#isIdle(attempt)) continue
      if (attempt.until < now) {
        this.#attempts.delete(attempt.contact.name)
        continue
      }
      attempt.dialling = true
      if (this.#isPaced(attempt)) this.#pace.began(attempt.contact.name, now)
      due.push(attempt.contact)
    }
    return due
  }

  /** A dial ended in a link to `peer`; `peer` is this node when a seed address was its own. */
  answered(name: string, peer: string, now: number): void {
    this.#pace.succeeded(name, now)
    this.#earliest = undefined
    const attempt = this.#attempts.get(name)
    if (attempt === undefined) return
    if (peer === this.#self) {
      this.#attempts.delete(name)
      if (attempt.contact.peer === undefined) this.#seedCount--
    }
    attempt.dialling = false
    attempt.code = undefined
    attempt.peer = peer
    this.#linkedTo(attempt, now)
    // Nobody knew whose link it was when it broke before the dial was answered.
    if (!this.#linked.has(peer)) this.#schedule(attempt, now)
  }

  failed(name: string, now: number, code: ErrorCode): void {
    this.#pace.failed(name, now)
    this.#earliest = undefined
    const attempt = this.#attempts.get(name)
    if (attempt === undefined) return
    attempt.dialling = false
    attempt.fresh = false
    attempt.tries++
    attempt.code = code
    this.#schedule(attempt, now)
  }

  /** Seeds and members that could answer: 0 when this node knows of nobody but itself. */
  get strangers(): number {
    return this.#others + this.seeds
  }

  /** Seeds that are not known to be this node itself. */
  get seeds(): number {
    return this.#seedCount
  }

  /** True when every seed was reached and refused this node, which itself is none of them. */
  get refused(): boolean {
    const seeds = this.#seeds()
    return seeds.length > 0 && seeds.every(({ code }) => code !== undefined && REFUSALS.includes(code))
  }

  /** True when nobody answers: each was tried several times and none is linked. */
  get exhausted(): boolean {
    if (this.#linked.size > 0) return false
    for (const { tries } of this.#attempts.values()) if (tries < TRIES_BEFORE_ALONE) return false
    return true
  }

  /** The next moment at which `due` may return something. */
  get wakeAt(): number {
    this.#earliest ??= this.#findEarliest()
    return this.#earliest
  }

  #seeds(): Attempt[] {
    return [...this.#attempts.values()].filter(({ contact }) => contact.peer === undefined)
  }

  #findEarliest(): number {
    let earliest = Number.POSITIVE_INFINITY
    for (const attempt of this.#attempts.values()) {
      if (!attempt.dialling && !this.#isIdle(attempt)) earliest = Math.min(earliest, this.#startsAt(attempt))
    }
    return earliest
  }

  #add(contact: Contact, nextAt: number, until: number = Number.POSITIVE_INFINITY): void {
    this.#attempts.set(contact.name, {
      contact,
      tries: 0,
      dialling: false,
      nextAt,
      peer: contact.peer,
      code: undefined,
      until,
      linkedAt: Number.NEGATIVE_INFINITY,
      fresh: contact.peer === undefined || !this.#linked.has(contact.peer),
    })
  }

  #linkedTo(attempt: Attempt, now: number): void {
    attempt.linkedAt = now
    attempt.fresh = false
  }

  #schedule(attempt: Attempt, now: number): void {
    const wait = Math.min(TIMES.redialMinMs * 2 ** Math.min(attempt.tries, 16), TIMES.redialMaxMs)
    attempt.nextAt = now + this.#random.jittered(wait)
  }

  /**
   * A link that nobody waits for: to a seed of which nobody knows who it is, or to one of several neighbours, never tried before.
   * Those who start together and come to different seeds are so many meshes until the seeds are linked: these do not wait.
   */
  #isPaced({ contact, peer, until, fresh }: Attempt): boolean {
    if (contact.peer === undefined) return peer === undefined && !this.#sought
    if (!fresh || until !== Number.POSITIVE_INFINITY) return false
    return this.#linked.size > 0 && this.#others >= PACED_FROM
  }

  #startsAt(attempt: Attempt): number {
    const { contact, nextAt } = attempt
    if (!this.#isPaced(attempt)) return nextAt
    const patience = this.#patience()
    const turnAt = this.#pace.nextAt(patience)
    // While many join, each changes whose neighbours the others are, and they wait for the machine.
    const quietAt = contact.peer === undefined ? turnAt : this.#changedAt + TIMES.settleMs * patience
    return Math.max(nextAt, Math.min(Math.max(turnAt, quietAt), nextAt + PACED_MAX_MS))
  }

  /** Linked; or a seed that is a member like others, and is dialled as such where it is needed. */
  #isIdle({ peer, contact }: Attempt): boolean {
    if (peer === undefined) return false
    if (this.#linked.has(peer)) return true
    const member = contact.peer === undefined ? this.#configuration?.member(peer) : undefined
    return member !== undefined && isLiving(member.state) && this.#linked.size > 0
  }
}

/** What a member says of its address may end in its id, which a seed's address need not have. */
function isAt({ addresses }: Member, seed: string): boolean {
  return addresses.some(address => address === seed || address.startsWith(`${seed}/p2p/`))
}

function isLiving(state: Member['state']): boolean {
  return state === 'joining' || state === 'active'
}
