import type { Dice } from '../chance/dice.ts'
import type { Weather } from '../scenario/scenario.ts'
import type { EventQueue } from '../time/event-queue.ts'
import type { Load } from './letter.ts'
import { endAt, type Link, type LinkEnd, otherEnd } from './link.ts'
import type { Paths } from './paths.ts'

/** Word of an end that did not get through is repeated after this time, ms, as TCP would. */
const REPEAT_MS = 1_000

export interface LinkEvents {
  linkUp(host: number, peer: number): void
  linkDown(host: number, peer: number): void
  arrived(host: number, from: number, load: Load): void
}

export interface NetworkParts {
  readonly queue: EventQueue
  readonly dice: Dice
  readonly paths: Paths
  /** As it is now. */
  readonly weather: () => Weather
  /** What this host sends or gets takes up to so much longer, ms. */
  readonly slownessMs: (host: number) => number
}

/**
 * How a process ends: after its last words, or with its kernel alone to close its links, or so that nothing of
 * it is left to say anything.
 */
export type Ending = 'graceful' | 'crash' | 'power-loss'

/** All links there are, and the frames on them. Hosts are named by their index, processes by their life. */
export class Links {
  readonly #parts: NetworkParts
  readonly #events: LinkEvents
  /** What each host takes for its links, by peer: broken ones too, until it notices. */
  readonly #held: Map<number, Link>[]
  /** The whole link of each pair, by the pair's number. */
  readonly #whole = new Map<number, Link>()

  constructor(parts: NetworkParts, hosts: number, events: LinkEvents) {
    this.#parts = parts
    this.#events = events
    this.#held = Array.from({ length: hosts }, () => new Map())
  }

  /** Peers to which this host takes itself to have a link. */
  peers(host: number): IterableIterator<number> {
    return this.#heldBy(host).keys()
  }

  between(a: number, b: number): Link | undefined {
    return this.#whole.get(this.#pair(a, b))
  }

  /** True when the host takes itself to be linked: the link may be broken already. */
  holds(host: number, peer: number): boolean {
    return this.#heldBy(host).has(peer)
  }

  /**
   * A dial has come through. The dialler is linked at once, the other end when word of it arrives. Two hosts
   * that dialled each other end with one link.
   */
  connect(from: number, to: number): void {
    const existing = this.between(from, to)
    if (existing !== undefined) {
      this.#rise(existing, from)
      return
    }
    const end = (host: number): LinkEnd => ({ host, up: false, over: false, arrivesAt: 0 })
    const link: Link = { ends: [end(from), end(to)], broken: false }
    this.#whole.set(this.#pair(from, to), link)
    const far = link.ends[1]
    far.arrivesAt = this.#parts.queue.now + this.delay(from, to)
    this.#parts.queue.at(far.arrivesAt, () => this.#rise(link, to))
    // Only now: what this side sends at once arrives after the other side has heard of the link.
    this.#rise(link, from)
  }

  /** Puts frames onto a link. False: there is none, and the sender knows. */
  send(from: number, to: number, load: Load): boolean {
    const link = this.#heldBy(from).get(to)
    if (link === undefined) return false
    const { queue, dice, paths, weather } = this.#parts
    const { loss } = weather()
    if (link.broken || !paths.passes(from, to) || (loss > 0 && dice.chance(loss))) return true
    const far = otherEnd(link, from)
    far.arrivesAt = Math.max(far.arrivesAt, queue.now + this.delay(from, to))
    queue.at(far.arrivesAt, () => {
      if (!link.broken && far.up) this.#events.arrived(to, from, load)
    })
    return true
  }

  /** Both ends notice in their own time. */
  break(a: number, b: number): void {
    const link = this.#cutOff(a, b)
    if (link === undefined) return
    const { queue, dice, weather } = this.#parts
    for (const { host } of link.ends)
      queue.after(dice.between(0, weather().noticeMs), () => this.#fall(link, host))
  }

  /** A host closes its link: it knows at once, and the other end when word gets there. */
  close(host: number, peer: number): void {
    const link = this.#heldBy(host).get(peer)
    if (link === undefined) return
    if (this.between(host, peer) === link) this.#cutOff(host, peer)
    this.#parts.queue.after(0, () => this.#fall(link, host))
    this.#inform(link, peer)
  }

  /** The process on this host is gone and its links with it. */
  end(host: number, how: Ending): void {
    const { queue } = this.#parts
    for (const link of this.#heldBy(host).values()) this.#close(link, host)
    this.#held[host] = new Map()
    for (const [pair, link] of this.#whole) {
      if (!link.ends.some(end => end.host === host)) continue
      this.#whole.delete(pair)
      this.#close(link, host)
      const far = otherEnd(link, host)
      if (how !== 'graceful') link.broken = true
      if (how === 'power-loss') continue
      const lastFrameAt = how === 'graceful' ? Math.max(queue.now, far.arrivesAt) : queue.now
      queue.at(lastFrameAt, () => this.#inform(link, far.host))
    }
  }

  /** A machine has power again: what is sent on links of its last life is answered with a reset. */
  reset(host: number): void {
    this.#held.forEach(links => {
      const link = links.get(host)
      if (link !== undefined && endAt(link, host).over) this.#inform(link, otherEnd(link, host).host)
    })
  }

  /** One way, ms. */
  delay(from: number, to: number): number {
    const { dice, weather, slownessMs } = this.#parts
    const { delayMs, jitterMs } = weather()
    const slowMs = slownessMs(from) + slownessMs(to)
    const delay = delayMs + dice.between(0, jitterMs)
    return slowMs === 0 ? delay : delay + dice.between(0, slowMs)
  }

  /** This end hears that the link is over, as soon as word of it gets through. */
  #inform(link: Link, host: number): void {
    const { queue, paths } = this.#parts
    const far = otherEnd(link, host).host
    queue.after(this.delay(far, host), () => {
      if (!endAt(link, host).up) return
      if (paths.passes(far, host)) {
        link.broken = true
        this.#fall(link, host)
      } else queue.after(REPEAT_MS, () => this.#inform(link, host))
    })
  }

  #cutOff(a: number, b: number): Link | undefined {
    const link = this.between(a, b)
    if (link === undefined) return undefined
    this.#whole.delete(this.#pair(a, b))
    link.broken = true
    return link
  }

  #rise(link: Link, host: number): void {
    const end = endAt(link, host)
    if (end.up || end.over || link.broken) return
    const peer = otherEnd(link, host).host
    // Its end of the last link was still thought to be up.
    const last = this.#heldBy(host).get(peer)
    if (last !== undefined) this.#fall(last, host)
    end.up = true
    this.#heldBy(host).set(peer, link)
    this.#events.linkUp(host, peer)
  }

  #fall(link: Link, host: number): void {
    const end = endAt(link, host)
    if (!end.up) return
    end.up = false
    const peer = otherEnd(link, host).host
    this.#heldBy(host).delete(peer)
    this.#events.linkDown(host, peer)
  }

  #close(link: Link, host: number): void {
    const end = endAt(link, host)
    end.up = false
    end.over = true
  }

  #heldBy(host: number): Map<number, Link> {
    return this.#held[host] as Map<number, Link>
  }

  #pair(a: number, b: number): number {
    return a < b ? a * this.#held.length + b : b * this.#held.length + a
  }
}
