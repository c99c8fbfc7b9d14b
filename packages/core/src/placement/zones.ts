// Replicas in zones of their own, as far as there are zones: who fails together should not hold the same entries.

import type { Ring } from '@cachemesh/protocol'

/** Members of the ring that are looked at for another zone, beyond those that are needed. */
const LOOKED_AT = 16

interface Wanted {
  /** Members that keep a copy besides the owner. */
  readonly replicas: number
  /** Members of the whole list. */
  readonly listed: number
}

export class ZoneSpread {
  /** By index of the member on the ring; '': it says none, and shares none. */
  readonly #zones: readonly string[]
  readonly #isPlain: boolean
  #walked: Int32Array = new Int32Array(0)

  constructor(zones: readonly string[]) {
    this.#zones = zones
    this.#isPlain = zones.every(zone => zone === '')
  }

  /**
   * Indices of the members for a hash: in the order of the ring, but for the replicas, which are the next members in
   * zones that none before them is in. Where zones are too few the next in the order of the ring keep copies all the same.
   */
  order(ring: Ring, hash: number, { replicas, listed }: Wanted): number[] {
    const isPlain = this.#isPlain || replicas === 0
    const walked = this.#walk(ring, hash, isPlain ? listed : listed + LOOKED_AT)
    if (isPlain) return walked
    const spread = this.#spread(walked, replicas + 1)
    return [...spread, ...walked.filter(index => !spread.includes(index))].slice(0, listed)
  }

  #spread(walked: readonly number[], count: number): number[] {
    const chosen: number[] = []
    const taken = new Set<string>()
    for (const index of walked) {
      const zone = this.#zones[index] as string
      if (chosen.length === count || taken.has(zone)) continue
      chosen.push(index)
      if (zone !== '') taken.add(zone)
    }
    for (const index of walked) {
      if (chosen.length === count) break
      if (!chosen.includes(index)) chosen.push(index)
    }
    return chosen
  }

  #walk(ring: Ring, hash: number, count: number): number[] {
    if (this.#walked.length !== count) this.#walked = new Int32Array(count)
    const found = ring.preference(hash, this.#walked)
    return Array.from(this.#walked.subarray(0, found))
  }
}
