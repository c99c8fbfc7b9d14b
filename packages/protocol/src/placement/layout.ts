// From a roster to sorted positions, taking over what an earlier layout has. Codes are given anew each
// time: overrides first, then members, both in the order of the roster; so an override placed on
// somebody's position comes before it and takes its arc.

import { writePositions } from './positions.ts'
import type { Roster } from './roster.ts'
import { mergePositions, type Positions, sortPositions } from './sorted-positions.ts'

export interface Layout {
  readonly roster: Roster
  readonly sorted: Positions
}

/** The layout of a roster. A previous one saves work and makes no other difference. */
export function layOut(roster: Roster, previous?: Layout): Layout {
  const recode = previous === undefined ? undefined : recodeStaying(previous.roster, roster)
  const fresh = sortPositions(derive(roster, recode))
  if (previous === undefined || recode === undefined) return { roster, sorted: fresh }
  return { roster, sorted: mergePositions(previous.sorted, fresh, { recode, size: roster.size }) }
}

// Old code -> new code of the members with the same id and number of positions, -1 for all others.
// Overrides are always placed afresh.
function recodeStaying(before: Roster, after: Roster): Int32Array {
  const recode = new Int32Array(before.shared.length + before.ids.length).fill(-1)
  const indexBefore = new Map(before.ids.map((id, index) => [id, index]))
  for (let m = 0; m < after.ids.length; m++) {
    const old = indexBefore.get(after.ids[m]!)
    if (old === undefined || before.counts[old] !== after.counts[m]) continue
    recode[before.shared.length + old] = after.shared.length + m
  }
  return recode
}

// By ascending code, without the positions of those who stay.
function derive({ ids, counts, shared }: Roster, recode: Int32Array = new Int32Array()): Positions {
  const stays = new Uint8Array(shared.length + ids.length)
  for (const code of recode) if (code >= 0) stays[code] = 1
  let size = shared.length
  for (let m = 0; m < ids.length; m++) if (stays[shared.length + m] === 0) size += counts[m]!
  const positions = new Uint32Array(size)
  const codes = new Uint16Array(size)
  for (let s = 0; s < shared.length; s++) {
    positions[s] = shared[s]!.position
    codes[s] = s
  }
  let offset = shared.length
  for (let m = 0; m < ids.length; m++) {
    const code = shared.length + m
    if (stays[code] === 1) continue
    writePositions(ids[m]!, positions, offset, counts[m]!)
    codes.fill(code, offset, offset + counts[m]!)
    offset += counts[m]!
  }
  return { positions, codes }
}
