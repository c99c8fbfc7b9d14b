// Two small caches without values that tell which way of eviction would hit more often: LRU, and S3-FIFO. They see the
// requests for a sample of the keys, chosen by hash, and are as much smaller than the partition as the sample is
// smaller than its keys (spatial sampling: Waldspurger et al., FAST 2015).

import { LRUCache } from 'lru-cache'

/** Entries of a shadow, half as many at least: few enough to cost nothing beside what they stand for. */
const ENTRIES_MAX = 4_096
/** Sampled requests after which a hit counts little: what was before says nothing of now. */
const WINDOW = 8_192
/** So many hits more, of those in a window, before the other way is taken. */
const CLEAR = 24
const SMALL = 0.1
const PROMOTED = 2
const HITS_MAX = 3
const ROOM_MIN = 64

interface Shade {
  readonly order: number
  hits: number
}

type Shadow = LRUCache<number, Shade>

export class Shadows {
  #recent: Shadow = shadow(ROOM_MIN)
  #small: Shadow = shadow(ROOM_MIN)
  #main: Shadow = shadow(ROOM_MIN)
  #ghosts: Shadow = shadow(ROOM_MIN)
  #room = ROOM_MIN
  #mask = 0
  #entries = 0
  /** Hits of S3-FIFO above those of LRU. */
  #ahead = 0
  #lru = false

  /** LRU would hit more often. */
  get lru(): boolean {
    return this.#lru
  }

  /** @param entries how many the partition holds */
  resize(entries: number): void {
    const wanted = 2 ** Math.max(0, Math.ceil(Math.log2(entries / ENTRIES_MAX))) - 1
    // Another sample is another crowd: what is known of the one before says nothing of it.
    if (wanted > this.#mask || wanted * 4 + 3 < this.#mask) {
      for (const each of [this.#recent, this.#small, this.#main, this.#ghosts]) each.clear()
      this.#mask = wanted
    }
    this.#entries = entries / (this.#mask + 1)
    this.#makeRoomFor(this.#entries)
  }

  /** Each takes its memory when it is made: a partition of a few large entries has small shadows. */
  #makeRoomFor(entries: number): void {
    // One more is in there for a moment.
    const room = 2 ** Math.ceil(Math.log2(entries + 2))
    if (room <= this.#room) return
    this.#room = room
    this.#recent = moved(this.#recent, room)
    this.#small = moved(this.#small, room)
    this.#main = moved(this.#main, room)
    this.#ghosts = moved(this.#ghosts, room)
  }

  /** A key was asked for, by its ordering. */
  asked(order: number): void {
    // Neither the bits that choose a part of the table nor those that choose a set of ghosts.
    if (((order >>> 8) & this.#mask) !== 0) return
    const ahead = (this.#askS3(order) ? 1 : 0) - (this.#askLru(order) ? 1 : 0)
    this.#ahead += ahead - this.#ahead / WINDOW
    if (this.#lru ? this.#ahead > CLEAR : this.#ahead < -CLEAR) this.#lru = !this.#lru
  }

  #askLru(order: number): boolean {
    const recent = this.#recent
    if (recent.get(order) !== undefined) return true
    recent.set(order, { order, hits: 0 })
    while (recent.size > this.#entries) recent.pop()
    return false
  }

  /** As in s3-fifo.ts. Nobody is moved by a hit: `peek` does not. */
  #askS3(order: number): boolean {
    const shade = this.#small.peek(order) ?? this.#main.peek(order)
    if (shade !== undefined) {
      if (shade.hits < HITS_MAX) shade.hits++
      return true
    }
    const into = this.#ghosts.delete(order) ? this.#main : this.#small
    into.set(order, { order, hits: 0 })
    while (this.#small.size + this.#main.size > this.#entries) this.#makeRoom()
    return false
  }

  #makeRoom(): void {
    const fromSmall = this.#small.size >= SMALL * this.#entries || this.#main.size === 0
    const { order, hits } = (fromSmall ? this.#small : this.#main).pop() as Shade
    if (fromSmall ? hits >= PROMOTED : hits > 0) {
      this.#main.set(order, { order, hits: fromSmall ? 0 : hits - 1 })
    } else {
      this.#ghosts.set(order, { order, hits: 0 })
      while (this.#ghosts.size > this.#main.size) this.#ghosts.pop()
    }
  }
}

function shadow(room: number): Shadow {
  return new LRUCache({ max: room })
}

function moved(from: Shadow, room: number): Shadow {
  const into = shadow(room)
  for (const shade of from.rvalues()) if (shade !== undefined) into.set(shade.order, shade)
  return into
}
