// Who is concerned when positions are set, moved or removed: those who hold the arcs before them, by one configuration or
// by the other. An arc that goes from one member to another is no matter of all the rest.

import { type Configuration, type Ring, ringOf, setPositions } from '@cachemesh/protocol'

/** Members that held some of what changes hands, and those that hold it from now on. */
export interface Shift {
  readonly before: ReadonlySet<string>
  readonly after: ReadonlySet<string>
}

/** Arcs that are looked at for one position. With more of one member in a row anybody may be concerned. */
const ARCS_MAX = 64

/**
 * What other positions do. `ring` is that of the configuration after, `replicasMax` the most replicas that entries have, by
 * either. Undefined: everybody may be concerned.
 */
export function shiftBetween(
  before: Configuration,
  after: Configuration,
  { ring, replicasMax: replicas }: { readonly ring: Ring; readonly replicasMax: number },
): Shift | undefined {
  // Replicas in other zones may be far round the circle.
  if (replicas > 0 && [before, after].some(hasZones)) return undefined
  const rings = [ringOf(before, ring), ring] as const
  const holders = [new Set<string>(), new Set<string>()] as const
  for (const position of changedPositions(before, after)) {
    for (const side of [0, 1] as const)
      if (!collect(rings[side], position, { replicas, into: holders[side] })) return undefined
  }
  return { before: holders[0], after: holders[1] }
}

function hasZones({ members }: Configuration): boolean {
  return members.some(({ zone }) => zone !== '')
}

function changedPositions(before: Configuration, after: Configuration): Set<number> {
  const [old, now] = [before, after].map(linesOf) as [Map<string, number>, Map<string, number>]
  const changed = new Set<number>()
  for (const [line, position] of old) if (!now.has(line)) changed.add(position)
  for (const [line, position] of now) if (!old.has(line)) changed.add(position)
  return changed
}

function linesOf(configuration: Configuration): Map<string, number> {
  const positions = setPositions(configuration)
  return new Map(positions.map(({ position, members }) => [`${position} ${members.join(' ')}`, position]))
}

/**
 * Holders of the arc that ends at a position, and of those before it from which a walk over the ring, until it has
 * met one more than `replicas`, may come by. Returns false when there are too many of them.
 */
function collect(
  ring: Ring,
  position: number,
  { replicas, into }: { readonly replicas: number; readonly into: Set<string> },
): boolean {
  const list = new Int32Array(replicas + 1)
  const met = new Set<number>()
  let at = position
  for (let arcs = 0; arcs < ARCS_MAX; arcs++) {
    const range = ring.range(at)
    if (range === undefined) return true
    if (arcs > 0) met.add(range.owner)
    if (met.size > replicas) return true
    const found = ring.preference(at, list)
    for (let i = 0; i < found; i++) into.add(ring.members[list[i] as number] as string)
    at = range.start
  }
  return false
}
