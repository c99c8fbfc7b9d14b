import type { Said } from './letter.ts'
import type { Links, NetworkParts } from './links.ts'

/** Neighbours that each receiver passes an announcement on to. */
const FANOUT = 8

export interface GossipEvents {
  /** A hop has come to this host: `read` it as soon as the process there moves. */
  arrived(host: number, read: () => void): void
  /** `from` is the neighbour that passed it on. The same object at each host that it reaches. */
  announcement(host: number, from: number, announcement: Announcement): void
  /** A hop leaves this host. */
  passed(host: number, said: Said): void
}

export interface Announcement {
  readonly said: Said
  /** Processes that have seen it: of each host the last life of it that did. */
  readonly seen: Map<number, number>
}

/**
 * Announcements as gossipsub carries them: the author tells all its neighbours, each of them some of its own,
 * and what was seen before is passed over. Hops get lost, overtake each other and arrive twice.
 */
export class Gossip {
  readonly #parts: NetworkParts
  readonly #links: Links
  readonly #lifeOf: (host: number) => number
  readonly #events: GossipEvents

  constructor(
    parts: NetworkParts,
    world: { links: Links; lifeOf: (host: number) => number; events: GossipEvents },
  ) {
    this.#parts = parts
    this.#links = world.links
    this.#lifeOf = world.lifeOf
    this.#events = world.events
  }

  announce(host: number, said: Said): void {
    const announcement: Announcement = { said, seen: new Map([[host, this.#lifeOf(host)]]) }
    for (const peer of [...this.#links.peers(host)]) this.#hop(announcement, host, peer)
  }

  #hop(announcement: Announcement, from: number, to: number): void {
    const { queue, dice, paths, weather } = this.#parts
    const { announcementLoss, duplicates, reorderMs } = weather()
    this.#events.passed(from, announcement.said)
    const link = this.#links.between(from, to)
    if (link === undefined || !paths.passes(from, to)) return
    if (announcementLoss > 0 && dice.chance(announcementLoss)) return
    const life = this.#lifeOf(to)
    const arrive = (again: boolean) => (): void => {
      if (link.broken || this.#lifeOf(to) !== life || !this.#links.holds(to, from)) return
      this.#events.arrived(to, () => this.#arrived(announcement, { from, to, again }))
    }
    const takesMs = this.#links.delay(from, to) + dice.between(0, reorderMs)
    // Who has seen it passes it over: most hops in a large mesh come to nothing, and need not happen.
    if (announcement.seen.get(to) !== life) queue.after(takesMs, arrive(false))
    if (duplicates > 0 && dice.chance(duplicates))
      queue.after(2 * this.#links.delay(from, to) + dice.between(0, reorderMs), arrive(true))
  }

  #arrived(announcement: Announcement, hop: { from: number; to: number; again: boolean }): void {
    const { from, to, again } = hop
    const life = this.#lifeOf(to)
    const seen = announcement.seen.get(to) === life
    // Memory of what was seen is bounded: sometimes an old one passes as new.
    if (seen && !again) return
    announcement.seen.set(to, life)
    this.#events.announcement(to, from, announcement)
    if (seen) return
    const others = [...this.#links.peers(to)].filter(peer => peer !== from)
    for (const peer of this.#parts.dice.sample(others, FANOUT)) this.#hop(announcement, to, peer)
  }
}
