// From a configuration to its ring. Most changes of a configuration move nobody on the ring, and what a mesh held before
// a change is asked for beside what it holds since: so the rings that were built last are kept. A ring is immutable and
// follows from the text it is known by here, so nodes in one process may share them.

import { type Configuration, Ring, type RingParts, ringParts } from '@cachemesh/protocol'

/** The ring of today and that of before: as many as one node needs. */
const KEPT = 2

export class Rings {
  readonly #kept: number
  /** By all that decides about a ring, the one asked for last at the end. */
  readonly #rings = new Map<string, Ring>()

  /** @param kept how many: two for a node, more for nodes that share them and do not all hold one configuration */
  constructor(kept: number = KEPT) {
    this.#kept = kept
  }

  /** `previous`, any ring, saves work when it has members in common with the one asked for. */
  of(configuration: Configuration, previous?: Ring): Ring {
    const parts = ringParts(configuration)
    const text = textOf(parts)
    const ring = this.#rings.get(text) ?? Ring.build(parts.members, parts.positions, previous)
    this.#rings.delete(text)
    this.#rings.set(text, ring)
    const [oldest] = this.#rings.keys()
    if (this.#rings.size > this.#kept) this.#rings.delete(oldest as string)
    return ring
  }
}

/** Lengths stand before ids, whatever characters those hold: two lists never give one text. */
function textOf({ members, positions }: RingParts): string {
  let text = ''
  for (const { id, weight } of members) text += `${weight} ${id.length} ${id}\n`
  return positions.length === 0 ? text : text + JSON.stringify(positions)
}
