// What a ring is built from, checked and put into the one order that makes it independent of the order
// of the input: members by id, overrides by position and members.

import { CacheMeshError } from '../errors.ts'
import { positionCount } from './positions.ts'

/** A member of the ring: an opaque id, and a weight from 0 (owns nothing) to 100; 1 is usual. */
export interface RingMember {
  readonly id: string
  readonly weight: number
}

/**
 * An extra position (unsigned 32 bit) that belongs to `members`: the first is the owner, the others
 * follow it in preference lists. Members that are not on the ring are passed over.
 */
export interface RingOverride {
  readonly position: number
  readonly members: readonly string[]
}

/** Members and overrides share 16 bit codes. */
export const RING_CODES_MAX = 65_535

/** Positions of one ring: 100 MB of them. 8,192 members of weight 1. */
export const RING_POSITIONS_MAX = 2 ** 24

export interface Roster {
  readonly ids: readonly string[]
  /** Derived positions of each member. */
  readonly counts: Int32Array
  /** Overrides that name somebody on the ring, members as indices into `ids`. */
  readonly shared: readonly { readonly position: number; readonly members: readonly number[] }[]
  /** Positions in all. */
  readonly size: number
}

/** Throws ERR_INVALID_ARGUMENT when something is out of bounds or a member is named twice. */
export function readRoster(members: readonly RingMember[], overrides: readonly RingOverride[]): Roster {
  if (members.length + overrides.length > RING_CODES_MAX) {
    throw invalid(
      `${members.length} members and ${overrides.length} overrides are more than the ${RING_CODES_MAX} a ring takes`,
    )
  }
  const sorted = [...members].sort((a, b) => compareIds(a.id, b.id))
  const ids = sorted.map(member => member.id)
  const counts = Int32Array.from(sorted, member => positionCount(member.weight))
  for (let i = 1; i < ids.length; i++) {
    if (ids[i] === ids[i - 1]) throw invalid(`Member ${ids[i]} is named twice`)
  }
  const shared = readOverrides(overrides, ids, counts)
  const size = counts.reduce((sum, count) => sum + count, shared.length)
  if (size > RING_POSITIONS_MAX) {
    throw invalid(`${size} positions are more than the ${RING_POSITIONS_MAX} of a ring; lower the weights`)
  }
  return { ids, counts, shared, size }
}

function readOverrides(
  overrides: readonly RingOverride[],
  ids: readonly string[],
  counts: Int32Array,
): Roster['shared'] {
  if (overrides.length === 0) return []
  const indices = new Map(ids.map((id, index) => [id, index]))
  const shared: { position: number; members: number[] }[] = []
  for (const { position, members: named } of [...overrides].sort(compareOverrides)) {
    if (!(Number.isInteger(position) && position >= 0 && position <= 0xffffffff)) {
      throw invalid(`Position ${String(position)} of an override is not an unsigned 32 bit integer`)
    }
    const members: number[] = []
    for (const id of named) {
      const index = indices.get(id)
      if (index !== undefined && counts[index]! > 0 && !members.includes(index)) members.push(index)
    }
    if (members.length > 0) shared.push({ position, members })
  }
  return shared
}

// By their lists as given: if those who are not there were left out first, one who leaves would change
// the order of two overrides at one position, and with it the order of the survivors.
function compareOverrides(a: RingOverride, b: RingOverride): number {
  if (a.position !== b.position) return a.position - b.position
  for (let i = 0; i < a.members.length && i < b.members.length; i++) {
    const order = compareIds(a.members[i]!, b.members[i]!)
    if (order !== 0) return order
  }
  return a.members.length - b.members.length
}

/** True if both give the same ring. */
export function sameRoster(a: Roster, b: Roster): boolean {
  return (
    a.ids.length === b.ids.length &&
    a.shared.length === b.shared.length &&
    a.ids.every((id, m) => id === b.ids[m] && a.counts[m] === b.counts[m]) &&
    a.shared.every((override, s) => {
      const other = b.shared[s]!
      return override.position === other.position && `${override.members}` === `${other.members}`
    })
  )
}

/** By Unicode code points, which is also the order of the UTF-8 bytes. */
export function compareIds(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return codePointRank(x) - codePointRank(y)
  }
  return a.length - b.length
}

// Surrogates stand for code points above all others, but as units they lie below U+E000.
function codePointRank(unit: number): number {
  return unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x10000 : unit
}

function invalid(message: string): CacheMeshError {
  return new CacheMeshError('ERR_INVALID_ARGUMENT', message)
}
