import type { Contact } from '@cachemesh/core'
import type { ErrorCode } from '@cachemesh/protocol'
import type { Links, NetworkParts } from './links.ts'

/** A host that says nothing is given up after this time, ms. */
const DIAL_TIMEOUT_MS = 3_000

export interface DialEvents {
  dialled(host: number, contact: string, peer: number): void
  dialFailed(host: number, contact: string, code: ErrorCode): void
}

/** What answers at a host. */
export type Answering =
  | 'process'
  /** Its kernel alone: it refuses. */
  | 'machine'
  /** Nothing: no power, or a process that does not move and whose kernel takes the connection for it. */
  | 'nobody'

/** What dialling has to know of the world. */
export interface Reachable {
  /** The host that has this address now, dead or alive. */
  hostAt(address: string): number | undefined
  idOf(host: number): string
  /** The life of the process there; undefined when none runs. */
  living(host: number): number | undefined
  answering(host: number): Answering
}

/** Connections are made over several round trips, and in each of them something may go wrong. */
export class Dialling {
  readonly #parts: NetworkParts
  readonly #links: Links
  readonly #world: Reachable
  readonly #events: DialEvents

  constructor(
    parts: NetworkParts,
    world: Reachable,
    { links, events }: { links: Links; events: DialEvents },
  ) {
    this.#parts = parts
    this.#world = world
    this.#links = links
    this.#events = events
  }

  dial(from: number, contact: Contact): void {
    const { queue, dice, weather } = this.#parts
    const life = this.#world.living(from)
    const later = (afterMs: number, then: () => void): void =>
      queue.after(afterMs, () => {
        if (this.#world.living(from) === life) then()
      })
    const fail = (code: ErrorCode): void => this.#events.dialFailed(from, contact.name, code)
    const to = this.#find(contact)
    if (to === from) {
      later(1, () => this.#events.dialled(from, contact.name, from))
      return
    }
    const silence = (alreadyMs: number): void =>
      later(DIAL_TIMEOUT_MS - alreadyMs, () => fail('ERR_UNREACHABLE'))
    const answer = to === undefined ? 'nobody' : this.#answer(from, to)
    if (to === undefined || answer === 'nobody') {
      silence(0)
      return
    }
    const roundTrip = (): number => this.#links.delay(from, to) + this.#links.delay(to, from)
    if (answer === 'machine') {
      later(roundTrip(), () => fail('ERR_CONNECTION_REFUSED'))
      return
    }
    // TCP, the secure channel, and who is who.
    const setUpMs = Math.min(3 * roundTrip() + dice.between(0, weather().setUpMs), DIAL_TIMEOUT_MS)
    const { dialFailure } = weather()
    if (dialFailure > 0 && dice.chance(dialFailure)) later(setUpMs, () => fail('ERR_UNREACHABLE'))
    else
      later(setUpMs, () => {
        const now = this.#answer(from, to)
        if (now === 'process') this.#connect(from, to, contact)
        else if (now === 'machine') fail('ERR_CONNECTION_REFUSED')
        else silence(setUpMs)
      })
  }

  #answer(from: number, to: number): Answering {
    return this.#parts.paths.open(from, to) ? this.#world.answering(to) : 'nobody'
  }

  #connect(from: number, to: number, contact: Contact): void {
    if (!this.#links.holds(from, to)) this.#links.connect(from, to)
    this.#events.dialled(from, contact.name, to)
  }

  /** Whoever has one of the addresses; for a member it has to be that member. */
  #find(contact: Contact): number | undefined {
    for (const address of contact.addresses) {
      const host = this.#world.hostAt(address)
      if (host === undefined) continue
      if (contact.peer === undefined || this.#world.idOf(host) === contact.peer) return host
    }
    return undefined
  }
}
