import type { Dice } from '../chance/dice.ts'
import type { Weather } from '../scenario/scenario.ts'
import type { EventQueue } from '../time/event-queue.ts'
import { endAt, type Link, type LinkEnd, otherEnd } from './link.ts'

export interface LinkEvents {
  linkUp(host: number, peer: number): void
  linkDown(host: number, peer: number): void
  frame(host: number, from: number, bytes: Uint8Array): void
}

export interface NetworkParts {
  readonly queue: EventQueue
  readonly dice: Dice
  /** As it is now. */
  readonly weather: () => Weather
}

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
    return (this.#held[host] as Map<number, Link>).keys()
  }

  between(a: number, b: number): Link | undefined {
    return this.#whole.get(this.#pair(a, b))
  }

  /** True when the host takes itself to be linked: the link may be broken already. */
  holds(host: number, peer: number): boolean {
    return (this.#held[host] as Map<number, Link>).has(peer)
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
    far.arrivesAt = this.#parts.queue.now + this.delay()
    this.#parts.queue.at(far.arrivesAt, () => this.#rise(link, to))
    // Only now: what this side sends at once arrives after the other side has heard of the link.
    this.#rise(link, from)
  }

  /** Puts a frame onto a link. False: there is none, and the sender knows. */
  send(from: number, to: number, bytes: Uint8Array): boolean {
    const link = (this.#held[from] as Map<number, Link>).get(to)
    if (link === undefined) return false
    const { queue, dice, weather } = this.#parts
    if (link.broken || dice.chance(weather().loss)) return true
    const far = otherEnd(link, from)
    far.arrivesAt = Math.max(far.arrivesAt, queue.now + this.delay())
    queue.at(far.arrivesAt, () => {
      if (!link.broken && far.up) this.#events.frame(to, from, bytes)
    })
    return true
  }

  /** Both ends notice in their own time. */
  break(a: number, b: number): void {
    const link = this.between(a, b)
    if (link === undefined) return
    this.#whole.delete(this.#pair(a, b))
    link.broken = true
    for (const { host } of link.ends) {
      this.#parts.queue.after(this.#parts.dice.between(0, this.#parts.weather().noticeMs), () =>
        this.#fall(link, host),
      )
    }
  }

  /**
   * The process on this host is gone and its links with it. After a graceful end the others read what was
   * sent and then the end of the stream; after a crash they may have to notice by silence.
   */
  end(host: number, graceful: boolean): void {
    const { queue, dice, weather } = this.#parts
    for (const link of (this.#held[host] as Map<number, Link>).values()) this.#close(link, host)
    this.#held[host] = new Map()
    for (const [pair, link] of this.#whole) {
      if (!link.ends.some(end => end.host === host)) continue
      this.#whole.delete(pair)
      this.#close(link, host)
      const far = otherEnd(link, host)
      const notice = (): void => {
        link.broken = true
        this.#fall(link, far.host)
      }
      if (graceful) queue.at(Math.max(queue.now, far.arrivesAt) + this.delay(), notice)
      else {
        link.broken = true
        queue.after(dice.between(0, weather().noticeMs), notice)
      }
    }
  }

  /** One way. */
  delay(): number {
    const { delayMs, jitterMs } = this.#parts.weather()
    return delayMs + this.#parts.dice.between(0, jitterMs)
  }

  #rise(link: Link, host: number): void {
    const end = endAt(link, host)
    if (end.up || end.over || link.broken) return
    const peer = otherEnd(link, host).host
    // Its end of the last link was still thought to be up.
    const last = (this.#held[host] as Map<number, Link>).get(peer)
    if (last !== undefined) this.#fall(last, host)
    end.up = true
    ;(this.#held[host] as Map<number, Link>).set(peer, link)
    this.#events.linkUp(host, peer)
  }

  #fall(link: Link, host: number): void {
    const end = endAt(link, host)
    if (!end.up) return
    end.up = false
    const peer = otherEnd(link, host).host
    ;(this.#held[host] as Map<number, Link>).delete(peer)
    this.#events.linkDown(host, peer)
  }

  #close(link: Link, host: number): void {
    const end = endAt(link, host)
    end.up = false
    end.over = true
  }

  #pair(a: number, b: number): number {
    return a < b ? a * this.#held.length + b : b * this.#held.length + a
  }
}
