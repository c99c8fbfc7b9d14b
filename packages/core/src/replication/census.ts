// A pass over what is held here of the keys that both this node and a peer should hold, in steps: with a million entries one
// pass takes a second of computing, and a node that stands still for that long is taken for dead. What is written meanwhile
// may be counted as it was or as it is: then the peers find a slice different that is not, and send its versions.

import { hashKey } from '@cachemesh/protocol'
import { BOUNDS } from '../limits/limits.ts'
import type { Entry } from '../store/entry.ts'
import type { Holdings } from './holdings.ts'
import { type Held, sliceOf } from './slices.ts'

export interface CensusOf {
  readonly peer: string
  /** Only these slices. */
  readonly slices?: ReadonlySet<number>
  found(held: Held): void
}

export class Census {
  readonly #holdings: Holdings
  readonly #of: CensusOf
  readonly #markers: Iterator<readonly [string, Entry]>
  #after: number | undefined
  #state: 'markers' | 'entries' | 'over'

  constructor(holdings: Holdings, of: CensusOf) {
    this.#holdings = holdings
    this.#of = of
    this.#markers = holdings.store.markers.entries()
    // Without replicas no two nodes should hold the same.
    this.#state = holdings.placement.replicates ? 'markers' : 'over'
  }

  /** Goes on for some ms of computing. Returns true when all was seen. */
  step(): boolean {
    if (this.#state === 'markers') this.#countMarkers()
    else if (this.#state === 'entries') this.#countEntries()
    return this.#state === 'over'
  }

  #countMarkers(): void {
    for (let seen = 0; seen < BOUNDS.scanMax; seen++) {
      const { value, done } = this.#markers.next()
      if (done) {
        this.#state = 'entries'
        // Most nodes have few of both, and are done at once.
        if (seen < BOUNDS.scanMax / 2) this.#countEntries()
        return
      }
      const [key, { version }] = value
      const hash = hashKey(key)
      if (this.#isIn(hash)) this.#count(key, { hash, version })
    }
  }

  #countEntries(): void {
    const { owned } = this.#holdings.store
    this.#after = owned.visitVersions(this.#after, BOUNDS.scanMax, (hash, version, address) => {
      if (this.#isIn(hash)) this.#count(owned.keyAt(address), { hash, version })
    })
    if (this.#after === undefined) this.#state = 'over'
  }

  #isIn(hash: number): boolean {
    const { slices } = this.#of
    return slices === undefined || slices.has(sliceOf(hash))
  }

  #count(key: string, held: Held): void {
    const { peer, found } = this.#of
    const target = { key, hash: held.hash }
    if (this.#holdings.isMine(target) && this.#holdings.isOf(peer, target)) found(held)
  }
}
