import { type Configuration, isTombstone, type Member, type MemberState } from '@cachemesh/protocol'
import { Damping } from './damping.ts'

/** What a node says of itself besides its id. */
export interface Attributes {
  readonly addresses: readonly string[]
  readonly gateways: Readonly<Record<string, string>>
  readonly weight: number
  readonly zone: string
  readonly software: string
}

/** So many answers of somebody else within this time are no memory of an earlier life. */
const STRANGE_MAX = 4
const STRANGE_MS = 60_000

/**
 * What this node says of itself, and what it has to write so that the configuration says the same.
 *
 * Only the member raises its incarnation. It does so when its attributes change, when it is accused, and when the
 * configuration says it is gone although it is here: nothing that was said of a lower incarnation can hurt the new one.
 */
export class Presence {
  readonly #id: string
  attributes: Attributes | undefined
  #incarnation: number
  /** `since` of the own claim that somebody accuses, or has removed. */
  #accused: number | undefined
  /** The configuration whose record of this node says what is true. */
  #trueIn: Configuration | undefined
  /** When claims above its own were seen that it did not write. */
  #strange: readonly number[] = []
  #written = false
  readonly #damping = new Damping()
  /** When a claim has to be looked at again. */
  wakeAt: number = Number.POSITIVE_INFINITY

  constructor(id: string, attributes: Attributes | undefined, incarnation: number) {
    this.#id = id
    this.attributes = attributes
    this.#incarnation = incarnation
  }

  /** What this node says of itself from now on. */
  describe(attributes: Attributes): void {
    this.attributes = attributes
    this.changed()
  }

  /** Something about this node is no longer what it was. */
  changed(): void {
    this.#trueIn = undefined
  }

  /** The own claim of this `since` is doubted somewhere: a new one answers. */
  accused(since: number): void {
    this.#accused = since
    this.#trueIn = undefined
  }

  /** Enough observers say that this node answers no requests: it gives its keys to others for a while. */
  stepBack(since: number, now: number): void {
    this.#damping.stepBack(now)
    this.accused(since)
  }

  /** Somebody has removed the own claim of this `since`: the answer is a return. */
  removed(since: number, now: number): void {
    this.#damping.returned(now)
    this.accused(since)
  }

  /**
   * True when another process claims to be this member. Two processes with one identity answer each other, by one
   * incarnation at a time, for ever. Other claims that this one did not write are of an earlier life that it forgot.
   */
  get doubled(): boolean {
    return this.#strange.length >= STRANGE_MAX
  }

  /** The record to write; undefined when the configuration says what is true, or there is nothing to say yet. */
  claim(configuration: Configuration, state: MemberState, now: number): Member | undefined {
    if (this.attributes === undefined) return undefined
    if (configuration === this.#trueIn && now < this.wakeAt) return undefined
    const known = configuration.member(this.#id)
    const incarnation = known?.incarnation ?? 0
    if (incarnation > this.#incarnation) {
      if (incarnation === this.#incarnation + 1 && this.#written)
        this.#strange = [...this.#strange.filter(at => now - at < STRANGE_MS), now]
      // A claim of an earlier life may be as true as the next would be: then it stands, and is strange once.
      this.#incarnation = incarnation
    }
    if (known?.state === 'removed' && configuration !== this.#trueIn) this.#damping.returned(now)
    this.wakeAt = this.#damping.wakeAt(now)
    const damped = this.#damping.holds(now) && this.#isReplaceable(configuration)
    const member = this.#missing(configuration, damped ? 'joining' : state, this.attributes)
    // Without room for its record a node tries again in the next document, not in every step.
    this.#trueIn = configuration
    return member
  }

  /** The record was written. */
  wrote(member: Member): void {
    this.#incarnation = member.incarnation
    this.#written = true
    this.#trueIn = undefined
  }

  /** A ring must not become empty because all its members wait for each other. */
  #isReplaceable({ members }: Configuration): boolean {
    return members.some(({ id, state }) => id !== this.#id && state === 'active')
  }

  #missing(configuration: Configuration, state: MemberState, attributes: Attributes): Member | undefined {
    const known = configuration.member(this.#id)
    const since = configuration.version.serial + 1
    const base = { id: this.#id, ...attributes, state, since }
    // An incarnation of an earlier life of this process may be in the document, or was dropped from it.
    if (known === undefined) return { ...base, incarnation: this.#incarnation + 1 }
    const same = sameAttributes(known, attributes)
    const answers = known.since === this.#accused
    if (isTombstone(known) || !same || answers || known.incarnation < this.#incarnation)
      return { ...base, incarnation: Math.max(known.incarnation, this.#incarnation) + 1 }
    // Joining to active is a step within one incarnation; a step back is not possible.
    return known.state === 'joining' && state === 'active' ? { ...known, state } : undefined
  }
}

function sameAttributes(member: Member, attributes: Attributes): boolean {
  return (
    member.weight === attributes.weight &&
    member.zone === attributes.zone &&
    member.software === attributes.software &&
    JSON.stringify(member.addresses) === JSON.stringify(attributes.addresses) &&
    JSON.stringify(Object.entries(member.gateways).sort()) ===
      JSON.stringify(Object.entries(attributes.gateways).sort())
  )
}
