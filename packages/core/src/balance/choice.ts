// Which arcs a node that has too much to do gives away.

import type { HotArc } from './watch.ts'

/** An arc that goes to another member, or is shared with it. */
export interface Gift {
  readonly position: number
  readonly shared: boolean
  /** Only what lies after this position goes: up to it the arc stays where it is. */
  readonly after?: number
  readonly perSecond: number
}

/** Arcs that go at once. */
const GIFTS_MAX = 16
/** Of what may go: less is not worth a change. */
const WORTH = 0.05
/** Of an arc that is too hot to go as a whole, a part that is worth a position of its own. */
const PART_MIN = 0.2

export interface Room {
  /** So much may go, requests per second: more would make the other the hotter of the two, or too hot. */
  readonly max: number
  /** So much more than the other this node is asked for. */
  readonly gap: number
}

/**
 * As much as may go, the hottest arcs first: whole ones, and of those that are too hot a first or a last part. Where a single key is
 * too hot to go anywhere its arc is shared.
 */
export function chooseGifts(arcs: readonly HotArc[], { max, gap }: Room): Gift[] {
  const gifts: Gift[] = []
  let left = max
  for (const arc of arcs) {
    if (gifts.length === GIFTS_MAX || left < WORTH * max) break
    const gift = fitting(arc, left)
    if (gift === undefined || gift.perSecond < WORTH * left) continue
    gifts.push(gift)
    left -= gift.perSecond
  }
  const [hottest] = arcs
  if (gifts.length > 0 || hottest === undefined || hottest.perSecond <= max) return gifts
  // Whoever shares it takes half of what the others ask for.
  const perSecond = hottest.perSecond / 2
  return perSecond < gap ? [{ position: hottest.end, shared: true, perSecond }] : []
}

function fitting({ end, perSecond, parts }: HotArc, max: number): Gift | undefined {
  if (perSecond <= max) return { position: end, shared: false, perSecond }
  const first = parts.findLast(it => it.perSecond <= max)
  const cut = parts.find(it => perSecond - it.perSecond <= max)
  const last = cut === undefined || cut.end === end ? 0 : perSecond - cut.perSecond
  if (Math.max(first?.perSecond ?? 0, last) < PART_MIN * perSecond) return undefined
  if (first !== undefined && first.perSecond >= last)
    return { position: first.end, shared: false, perSecond: first.perSecond }
  return { position: end, shared: false, perSecond: last, after: cut?.end as number }
}
