// The ring: members stand at many positions of the 32 bit circle of hashes, and a hash belongs to the
// first position at or after it. Immutable; every node and every driver that builds it from the same
// members and overrides has the same one (docs/protocol/placement.md). Lookups never allocate.

import { type Layout, layOut } from './layout.ts'
import { type RingMember, type RingOverride, readRoster, sameRoster } from './roster.ts'
import { bucketBits, indexPositions } from './sorted-positions.ts'

/** An arc of the circle: from `start` (exclusive) clockwise to `end` (inclusive); the whole circle if they are equal. */
export interface RingRange {
  readonly start: number
  readonly end: number
  /** Index of the owner in `members`. */
  readonly owner: number
}

export class Ring {
  /** Ids in ascending order, those of weight 0 included. Indices refer to it. */
  readonly members: readonly string[]
  /** Number of positions. */
  readonly size: number
  /** Some arcs are shared. */
  readonly sharing: boolean

  readonly #layout: Layout
  readonly #positions: Uint32Array
  readonly #codes: Uint16Array
  // By code: who owns the arcs of these positions.
  readonly #owners: Uint16Array
  readonly #table: Uint32Array
  readonly #shift: number
  // Members that stand somewhere: no preference list is longer.
  readonly #standing: number

  /**
   * Builds the ring of these members and overrides. `previous`, any ring, makes it cheaper the more
   * members the two have in common; the result is the same, and is `previous` itself if nothing
   * changed. Throws ERR_INVALID_ARGUMENT.
   */
  static build(
    members: readonly RingMember[],
    overrides: readonly RingOverride[] = [],
    previous?: Ring,
  ): Ring {
    const roster = readRoster(members, overrides)
    if (previous !== undefined && sameRoster(roster, previous.#layout.roster)) return previous
    return new Ring(layOut(roster, previous === undefined ? undefined : previous.#layout))
  }

  private constructor(layout: Layout) {
    const { roster, sorted } = layout
    const overrides = roster.shared.map(override => override.members[0]!)
    this.members = Object.freeze(roster.ids)
    this.size = roster.size
    this.sharing = roster.shared.some(({ members }) => members.length > 1)
    this.#layout = layout
    this.#positions = sorted.positions
    this.#codes = sorted.codes
    this.#owners = Uint16Array.from([...overrides, ...roster.ids.keys()])
    this.#table = indexPositions(sorted.positions)
    this.#shift = 32 - bucketBits(this.size)
    this.#standing = roster.counts.reduce((standing, count) => standing + (count > 0 ? 1 : 0), 0)
  }

  /** Index in `members` of the owner of a hash (unsigned 32 bit), -1 on an empty ring. */
  ownerIndex(hash: number): number {
    if (this.size === 0) return -1
    return this.#owners[this.#codes[this.#find(hash)]!]!
  }

  /**
   * Fills `out` with the indices of the members responsible for a hash, the owner first, each once:
   * `out.length` of them, or all that stand on the ring. Returns how many. Meant for a few: a member
   * of tiny weight may be far round the circle.
   */
  preference(hash: number, out: Int32Array): number {
    const wanted = Math.min(out.length, this.#standing)
    if (wanted === 0) return 0
    const { shared } = this.#layout.roster
    let found = 0
    for (let i = this.#find(hash); ; i = i + 1 === this.size ? 0 : i + 1) {
      const code = this.#codes[i]!
      if (code >= shared.length) {
        found = addDistinct(out, found, code - shared.length)
        if (found === wanted) return found
        continue
      }
      const list = shared[code]!.members
      for (let k = 0; k < list.length; k++) {
        found = addDistinct(out, found, list[k]!)
        if (found === wanted) return found
      }
    }
  }

  /** Indices of those who share the arc that a hash falls into, its owner first; of an arc that is not shared none. */
  sharers(hash: number): readonly number[] {
    if (!this.sharing) return NOBODY
    const { shared } = this.#layout.roster
    const members = shared[this.#codes[this.#find(hash)]!]?.members ?? NOBODY
    return members.length > 1 ? members : NOBODY
  }

  /** The arc a hash falls into; undefined on an empty ring. */
  range(hash: number): RingRange | undefined {
    if (this.size === 0) return undefined
    const last = this.#find(hash)
    const end = this.#positions[last]!
    let before = last
    do before = before === 0 ? this.size - 1 : before - 1
    while (before !== last && this.#positions[before] === end)
    return { start: this.#positions[before]!, end, owner: this.ownerIndex(hash) }
  }

  /** The position at a place in ring order, 0 to `size` - 1. Several places may hold equal positions; the first counts. */
  positionAt(place: number): number {
    return this.#positions[place]!
  }

  /** What part of the circle each member owns, by index; the sum is 1 unless the ring is empty. */
  shares(): Float64Array {
    const shares = new Float64Array(this.members.length)
    let start = this.size === 0 ? 0 : this.#positions[this.size - 1]! - 2 ** 32
    for (let i = 0; i < this.size; i++) {
      const end = this.#positions[i]!
      // Of equal positions the first has the arc; the others add nothing.
      shares[this.ownerIndex(end)]! += (end - start) / 2 ** 32
      start = end
    }
    return shares
  }

  // Place of the first position at or after the hash, wrapping.
  #find(hash: number): number {
    const positions = this.#positions
    let place = this.#table[hash >>> this.#shift]!
    while (place < positions.length && positions[place]! < hash) place++
    return place === positions.length ? 0 : place
  }
}

const NOBODY: readonly number[] = []

function addDistinct(out: Int32Array, found: number, member: number): number {
  for (let i = 0; i < found; i++) if (out[i] === member) return found
  out[found] = member
  return found + 1
}
