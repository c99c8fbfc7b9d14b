import { arcOf, type NodeCore } from '@cachemesh/core'
import { hashKey, splitKey } from '@cachemesh/protocol'
import { monotonic } from './time.ts'

/** How many keys, and parts of the ring, are told. */
const SHOWN_MAX = 20

/** What a node is asked for, of late: rates are those of the last seconds, measured on a sample. */
export interface LoadView {
  /** Reads that it answers, its own program's with those of others. */
  readonly perSecond: number
  /** The keys that are asked for most, the hottest first, and which members hold copies of them. */
  readonly keys: readonly {
    readonly namespace: string
    readonly key: string
    readonly perSecond: number
    /** Ids. */
    readonly copies: readonly string[]
  }[]
  /** The parts of the ring that are asked for most, the hottest first. */
  readonly arcs: readonly {
    /** Number of the part, of 65,536. */
    readonly arc: number
    readonly perSecond: number
    /** Id of the member that owns the part where the hottest keys of it lie; null while none is active. */
    readonly owner: string | null
  }[]
}

/** Positions of one part of the ring. */
const ARC_POSITIONS = 65_536

export function viewLoad({ load, copying, placement }: NodeCore): LoadView {
  const now = monotonic()
  const keys = load.hotKeys(SHOWN_MAX, now)
  // A part may belong to several members: that of its hottest key says more than that of its first position.
  const hottest = new Map<number, number>()
  for (const { key } of [...keys].reverse()) hottest.set(arcOf(hashKey(key)), hashKey(key))
  return {
    perSecond: round(load.total(now)),
    keys: keys.map(({ key, perSecond }) => ({
      ...splitKey(key),
      perSecond: round(perSecond),
      copies: copying.grants.holders(key, now),
    })),
    arcs: load.hotArcs(SHOWN_MAX, now).map(({ arc, perSecond }) => ({
      arc,
      perSecond: round(perSecond),
      owner: placement.owner(hottest.get(arc) ?? arc * ARC_POSITIONS) ?? null,
    })),
  }
}

function round(rate: number): number {
  return Math.round(rate * 10) / 10
}
