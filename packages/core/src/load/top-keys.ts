import { DecayedCounts } from './decayed-counts.ts'

/** Cells of each of two rows. Two keys share both cells of theirs once in sixteen million. */
const CELLS = 4_096
/** Keys that are known by name. */
const NAMED_MAX = 64

interface Named {
  readonly key: string
  count: number
  /** How much of it each peer asked for. */
  readonly askers: Map<string, number>
}

/** A key that is asked for often. */
export interface HotKey {
  /** Qualified by its namespace. */
  readonly key: string
  /** Requests per second, of late. */
  readonly perSecond: number
}

/**
 * The keys that are asked for most, of late. Every request is counted in a table of fixed size (count-min with
 * conservative update: Estan and Varghese, 2002); only keys that are among the greatest there are kept by name, so that
 * what is asked for once costs two additions and no memory.
 */
export class TopKeys {
  readonly #cells: DecayedCounts
  readonly #named = new Map<string, Named>()
  /** The least count among the named when there is no room for more. */
  #least = 0

  constructor(now: number) {
    this.#cells = new DecayedCounts(2 * CELLS, now)
  }

  /** Counts `weight` requests of `asker` for a key. */
  count(
    key: string,
    hash: number,
    { asker, weight }: { readonly asker: string; readonly weight: number },
  ): void {
    const cells = this.#cells
    const a = hash >>> 20
    const b = CELLS + (Math.imul(hash, 0x9e3779b1) >>> 20)
    const count = Math.min(cells.of(a), cells.of(b)) + weight
    cells.raise(a, count)
    cells.raise(b, count)
    if (count > this.#least) this.#name(key, count, { asker, weight })
  }

  /** To be called about once a second. */
  roll(now: number): void {
    const factor = this.#cells.roll(now)
    if (factor === 1) return
    for (const [key, named] of this.#named) {
      named.count *= factor
      if (named.count < 0.5) this.#named.delete(key)
      for (const [peer, count] of named.askers) {
        if (count * factor < 0.5) named.askers.delete(peer)
        else named.askers.set(peer, count * factor)
      }
    }
    this.#findLeast()
  }

  /** The hottest first. */
  top(max: number, now: number): HotKey[] {
    const sorted = [...this.#named.values()].sort((x, y) => y.count - x.count).slice(0, max)
    return sorted.map(({ key, count }) => ({ key, perSecond: this.#cells.rate(count, now) }))
  }

  /** Requests per second of one peer for a key; 0 unless it is one of the hottest. */
  askedBy(key: string, peer: string, now: number): number {
    return this.#cells.rate(this.#named.get(key)?.askers.get(peer) ?? 0, now)
  }

  #name(
    key: string,
    count: number,
    { asker, weight }: { readonly asker: string; readonly weight: number },
  ): void {
    let named = this.#named.get(key)
    if (named === undefined) {
      if (this.#named.size >= NAMED_MAX) this.#dropLeast()
      named = { key, count, askers: new Map() }
      this.#named.set(key, named)
      if (this.#named.size >= NAMED_MAX) this.#findLeast()
    }
    named.count = count
    named.askers.set(asker, (named.askers.get(asker) ?? 0) + weight)
  }

  #dropLeast(): void {
    let least: Named | undefined
    for (const named of this.#named.values())
      if (least === undefined || named.count < least.count) least = named
    if (least !== undefined) this.#named.delete(least.key)
  }

  /** Counts only grow until the next roll, so this is at most too low: then a key is named that need not be. */
  #findLeast(): void {
    this.#least = 0
    if (this.#named.size < NAMED_MAX) return
    this.#least = Number.POSITIVE_INFINITY
    for (const { count } of this.#named.values()) this.#least = Math.min(this.#least, count)
  }
}
