import { hottestPositions, type NodeCore } from '@cachemesh/core'
import { splitKey } from '@cachemesh/protocol'
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
    /** Where on the ring the arc ends in which these keys lie: what `place` takes to give it to somebody else. */
    readonly position: number | null
  }[]
  /** Members that own keys, those with the most room first: of each what it answers as their owner, as it said with its last beats. */
  readonly members: readonly {
    readonly id: string
    readonly weight: number
    /** Null: it said nothing of late. In a large mesh a node hears of some of the others only. */
    readonly perSecond: number | null
  }[]
}

/** Positions of one part of the ring. */
const ARC_POSITIONS = 65_536

export function viewLoad({ load, copying, placement, configuration, balance }: NodeCore): LoadView {
  const now = monotonic()
  const keys = load.hotKeys(SHOWN_MAX, now)
  const hottest = hottestPositions(keys, (hash, key) => placement.positionOf(hash, key))
  return {
    perSecond: round(load.total(now)),
    keys: keys.map(({ key, perSecond }) => ({
      ...splitKey(key),
      perSecond: round(perSecond),
      copies: copying.grants.holders(key, now),
    })),
    arcs: load.hotArcs(SHOWN_MAX, now).map(({ arc, perSecond }) => {
      const at = hottest.get(arc) ?? arc * ARC_POSITIONS
      const position = placement.ring.range(at)?.end ?? null
      return { arc, perSecond: round(perSecond), owner: placement.owner(at) ?? null, position }
    }),
    members: configuration.members
      .filter(({ state, weight }) => state === 'active' && weight > 0)
      .map(({ id, weight }) => ({ id, weight, perSecond: balance.loadOf(id, now) ?? null }))
      .sort((x, y) => relative(x) - relative(y)),
  }
}

type MemberLoad = LoadView['members'][number]

/** Who said nothing comes last. */
function relative({ perSecond, weight }: MemberLoad): number {
  return perSecond === null ? Number.MAX_VALUE : perSecond / weight
}

function round(rate: number): number {
  return Math.round(rate * 10) / 10
}
