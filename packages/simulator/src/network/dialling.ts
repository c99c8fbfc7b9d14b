import type { Contact } from '@cachemesh/core'
import type { Links, NetworkParts } from './links.ts'

/** A host that says nothing is given up after this time, ms. */
const DIAL_TIMEOUT_MS = 3_000

export interface DialEvents {
  dialled(host: number, contact: string, peer: number): void
  dialFailed(host: number, contact: string): void
}

/** What dialling has to know of the world. */
export interface Reachable {
  /** The host that has this address now, dead or alive. */
  hostAt(address: string): number | undefined
  idOf(host: number): string
  /** The life of the process there; undefined when none runs. */
  living(host: number): number | undefined
  /** Nothing lies between the two. */
  open(a: number, b: number): boolean
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
    const fail = (): void => this.#events.dialFailed(from, contact.name)
    const to = this.#find(contact)
    if (to === from) {
      later(1, () => this.#events.dialled(from, contact.name, from))
      return
    }
    if (to === undefined || !this.#world.open(from, to)) {
      later(DIAL_TIMEOUT_MS, fail)
      return
    }
    // TCP, the secure channel, and who is who.
    const roundTrips = 3 * (this.#links.delay() + this.#links.delay())
    const setUpMs = roundTrips + dice.between(0, weather().setUpMs)
    if (dice.chance(weather().dialFailure)) later(setUpMs, fail)
    else later(setUpMs, () => (this.#connect(from, to, contact) ? undefined : fail()))
  }

  #connect(from: number, to: number, contact: Contact): boolean {
    if (this.#world.living(to) === undefined || !this.#world.open(from, to)) return false
    if (!this.#links.holds(from, to)) this.#links.connect(from, to)
    this.#events.dialled(from, contact.name, to)
    return true
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
