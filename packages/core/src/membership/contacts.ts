import type { Configuration, ErrorCode } from '@cachemesh/protocol'
import { isTombstone } from '@cachemesh/protocol'
import type { Random } from '../chance/random.ts'
import { TIMES } from '../limits/limits.ts'

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
  /** Who answered at a seed's address. */
  peer: string | undefined
  /** Why the last dial failed. */
  code: ErrorCode | undefined
}

/**
 * Whom to dial, and when. Every seed and every living member without a link is tried again and again, with
 * a wait that doubles up to a bound and is jittered; nobody is ever given up, so a mesh finds itself again
 * however long a cut lasted.
 */
export class Contacts {
  readonly #self: string
  readonly #random: Random
  readonly #attempts = new Map<string, Attempt>()
  readonly #linked = new Set<string>()
  /** What `wakeAt` says; undefined: something changed since it was found. Every step asks for it. */
  #earliest: number | undefined

  constructor(options: { self: string; seeds: readonly string[]; random: Random }) {
    this.#self = options.self
    this.#random = options.random
    for (const seed of options.seeds) this.#add({ name: seed, addresses: [seed] }, 0)
  }

  get linked(): ReadonlySet<string> {
    return this.#linked
  }

  linkUp(peer: string): void {
    this.#earliest = undefined
    this.#linked.add(peer)
    // Whoever made the link: the waits of failed dials before it are over.
    for (const attempt of this.#attempts.values()) if (attempt.peer === peer) attempt.tries = 0
  }

  linkDown(peer: string, now: number): void {
    this.#earliest = undefined
    this.#linked.delete(peer)
    for (const attempt of this.#attempts.values()) {
      if (attempt.peer === peer) this.#schedule(attempt, now)
    }
  }

  /** Follows the configuration: new members are dialled, members that are gone are not any more. */
  update(configuration: Configuration, now: number): void {
    this.#earliest = undefined
    for (const [name, { contact }] of this.#attempts) {
      const member = contact.peer === undefined ? undefined : configuration.member(contact.peer)
      if (contact.peer !== undefined && (member === undefined || isTombstone(member)))
        this.#attempts.delete(name)
    }
    for (const member of configuration.members) {
      if (member.id === this.#self || isTombstone(member) || member.addresses.length === 0) continue
      const contact = { name: member.id, addresses: member.addresses, peer: member.id }
      const attempt = this.#attempts.get(member.id)
      if (attempt) attempt.contact = contact
      // Both ends learn of each other at one moment: the larger id lets the smaller dial first.
      else this.#add(contact, this.#self < member.id ? now : now + TIMES.dialHeadStartMs)
    }
  }

  /** The contacts whose time has come; they count as being dialled until `answered` or `failed`. */
  due(now: number): Contact[] {
    const due: Contact[] = []
    if (this.wakeAt > now) return due
    this.#earliest = undefined
    for (const attempt of this.#attempts.values()) {
      if (attempt.dialling || attempt.nextAt > now || this.#isLinked(attempt)) continue
      attempt.dialling = true
      due.push(attempt.contact)
    }
    return due
  }

  /** A dial ended in a link to `peer`; `peer` is this node when a seed address was its own. */
  answered(name: string, peer: string, now: number): void {
    const attempt = this.#attempts.get(name)
    if (attempt === undefined) return
    this.#earliest = undefined
    if (peer === this.#self) this.#attempts.delete(name)
    attempt.dialling = false
    attempt.tries = 0
    attempt.code = undefined
    attempt.peer = peer
    // Nobody knew whose link it was when it broke before the dial was answered.
    if (!this.#isLinked(attempt)) this.#schedule(attempt, now)
  }

  failed(name: string, now: number, code: ErrorCode): void {
    const attempt = this.#attempts.get(name)
    if (attempt === undefined) return
    this.#earliest = undefined
    attempt.dialling = false
    attempt.tries++
    attempt.code = code
    this.#schedule(attempt, now)
  }

  /** Seeds and members that could answer: 0 when this node knows of nobody but itself. */
  get strangers(): number {
    return this.#attempts.size
  }

  /** Seeds that are not known to be this node itself. */
  get seeds(): number {
    return this.#seeds().length
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
      if (!attempt.dialling && !this.#isLinked(attempt)) earliest = Math.min(earliest, attempt.nextAt)
    }
    return earliest
  }

  #add(contact: Contact, nextAt: number): void {
    this.#attempts.set(contact.name, {
      contact,
      tries: 0,
      dialling: false,
      nextAt,
      peer: contact.peer,
      code: undefined,
    })
  }

  #schedule(attempt: Attempt, now: number): void {
    const wait = Math.min(TIMES.redialMinMs * 2 ** Math.min(attempt.tries, 16), TIMES.redialMaxMs)
    attempt.nextAt = now + this.#random.jittered(wait)
  }

  #isLinked(attempt: Attempt): boolean {
    return attempt.peer !== undefined && this.#linked.has(attempt.peer)
  }
}
