// What this node is asked for: how often, from which part of the ring, which keys most. Measured on a sample, so
// that a request which is not in it costs an addition.

import { ARCS, arcOf } from '../store/floors.ts'
import { DecayedCounts } from './decayed-counts.ts'
import { type HotKey, TopKeys } from './top-keys.ts'

/** One request in so many is counted, and counts for all of them: a power of two. */
const SAMPLE = 8

/** Load of a part of the ring. */
export interface ArcLoad {
  /** Number of the arc, of 65,536. */
  readonly arc: number
  readonly perSecond: number
}

/** Places among the sums: of all that is answered, and of what is answered as the owner. */
const ALL = 0
const OWNED = 1

interface Counted {
  readonly asker: string
  readonly owned: boolean
  /** Where the key lies on the ring of all; undefined: it lies on that of some members alone, or is shared with its owner. */
  readonly position: number | undefined
  readonly now: number
}

export class Load {
  readonly #keys: TopKeys
  readonly #arcs: DecayedCounts
  readonly #sums: DecayedCounts
  /** A generator of its own, without a branch or a call: which requests are counted decides nothing. */
  #dice: number

  constructor(seed: number, now: number) {
    this.#keys = new TopKeys(now)
    this.#arcs = new DecayedCounts(ARCS, now)
    this.#sums = new DecayedCounts(2, now)
    this.#dice = seed | 0
  }

  /** True for the requests that are to be counted, with `count`. */
  sampled(): boolean {
    this.#dice = (Math.imul(this.#dice, 1_664_525) + 1_013_904_223) | 0
    return this.#dice >>> 29 === 0
  }

  /** A request of `asker` for a key was answered here; with `owned` by the owner of the key. */
  count(key: string, hash: number, { asker, owned, position, now }: Counted): void {
    this.#roll(now)
    this.#sums.add(ALL, SAMPLE)
    if (owned) this.#sums.add(OWNED, SAMPLE)
    if (owned && position !== undefined) this.#arcs.add(arcOf(position), SAMPLE)
    this.#keys.count(key, hash, { asker, weight: SAMPLE })
  }

  /** Requests per second of one peer for a key; 0 unless the key is one of the hottest. */
  askedBy(key: string, peer: string, now: number): number {
    return this.#keys.askedBy(key, peer, now)
  }

  /** Requests per second that this node answers. */
  total(now: number): number {
    this.#sums.roll(now)
    return this.#sums.rate(this.#sums.of(ALL), now)
  }

  /** Those of them that it answers as the owner of the key. */
  owned(now: number): number {
    this.#sums.roll(now)
    return this.#sums.rate(this.#sums.of(OWNED), now)
  }

  /** The keys that are asked for most, the hottest first. */
  hotKeys(max: number, now: number): HotKey[] {
    this.#roll(now)
    return this.#keys.top(max, now)
  }

  /** The parts of the ring that this node is asked for most as their owner, the hottest first. */
  hotArcs(max: number, now: number): ArcLoad[] {
    this.#roll(now)
    const arcs: ArcLoad[] = []
    this.#arcs.forEach(1, (arc, count) => arcs.push({ arc, perSecond: this.#arcs.rate(count, now) }))
    return arcs.sort((x, y) => y.perSecond - x.perSecond).slice(0, max)
  }

  #roll(now: number): void {
    this.#keys.roll(now)
    this.#arcs.roll(now)
    this.#sums.roll(now)
  }
}
