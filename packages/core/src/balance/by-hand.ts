// Parts of the ring that somebody gives to members of his choice: the change that says so, checked.

import {
  arcSlot,
  CacheMeshError,
  type Configuration,
  LIMITS,
  type Ring,
  type SetPosition,
  setPositions,
} from '@cachemesh/protocol'
import type { Change } from '../configuration/change.ts'
import { givingChange } from './given-arcs.ts'

/** A part of the ring: it ends at a position, that one included. */
export interface RingPart {
  readonly position: number
  /** Where it begins, that one not included; else where the arc begins in which the position lies. */
  readonly from?: number
}

/** A part of the ring may go over so many arcs. */
const ARCS_MAX = 64

/**
 * The change that gives a part of the ring to these members: the first owns it, and they share it when they are several.
 * Throws ERR_INVALID_ARGUMENT.
 */
export function placingChange(
  { configuration, ring }: { readonly configuration: Configuration; readonly ring: Ring },
  part: RingPart,
  members: readonly string[],
): Change {
  const to = position(part.position)
  const from = part.from === undefined ? undefined : position(part.from)
  if (from === to) throw invalid(`A part of the ring from ${to} to ${to} has nothing in it`)
  checkMembers(configuration, members)
  const placements: Record<string, unknown> = {}
  const length = from === undefined ? 0 : (to - from) >>> 0
  let at = to
  for (let arcs = 1; ; arcs++) {
    placements[String(at)] = { members: [...members] }
    const range = ring.range(at)
    if (from === undefined || range === undefined) return { placements }
    const left = (to - range.start) >>> 0
    if (range.start === from) return { placements }
    if (left === 0 || left > length) break
    if (arcs === ARCS_MAX)
      throw invalid(`The part of the ring goes over more than ${ARCS_MAX} arcs; take a smaller one`)
    at = range.start
  }
  // What lies before it stays with those who have it.
  const owners = sharing(ring, from as number)
  return { placements: { ...placements, [String(from)]: { members: owners } } }
}

/** The change after which a position that was set is none any more. Throws ERR_INVALID_ARGUMENT when it is not set. */
export function removalChange(configuration: Configuration, wanted: number): Change {
  const at = position(wanted)
  const set = setPositions(configuration).filter(it => it.position === at)
  if (set.length === 0) throw invalid(`Nobody has set a position at ${at}`)
  const byHand = set.some(({ by }) => by === 'hand')
  const arcs = arcsWithout(configuration, at)
  return { placements: { ...arcs?.placements, ...(byHand && { [String(at)]: null }) } }
}

/** Under a position that was set by hand there may be one that a node set. */
function arcsWithout(configuration: Configuration, at: number): Change | undefined {
  const register = configuration.register(`placements/${arcSlot(at)}`)
  const given: readonly SetPosition[] = register === undefined ? [] : setPositions({ registers: [register] })
  return given.some(it => it.position === at) ? givingChange(configuration, new Map([[at, null]])) : undefined
}

function checkMembers(configuration: Configuration, members: readonly string[]): void {
  if (!Array.isArray(members) || members.length === 0 || members.length > LIMITS.failedMax)
    throw invalid(`A part of the ring goes to a list of 1 to ${LIMITS.failedMax} members`)
  for (const [place, id] of members.entries()) {
    const member = configuration.member(id)
    if (member?.state !== 'active') throw invalid(`${JSON.stringify(id)} is no active member of this mesh`)
    if (member.weight === 0) throw invalid(`Member ${id} has weight 0 and owns nothing`)
    if (members.indexOf(id) !== place) throw invalid(`Member ${id} is named twice`)
  }
}

function sharing(ring: Ring, at: number): string[] {
  const sharers = ring.sharers(at)
  const indices = sharers.length > 0 ? sharers : [ring.ownerIndex(at)]
  return indices.map(index => ring.members[index] as string)
}

function position(value: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff) return value
  throw invalid(
    `${JSON.stringify(value)} is no position of the ring: a whole number from 0 to ${0xffff_ffff}`,
  )
}

function invalid(message: string): CacheMeshError {
  return new CacheMeshError('ERR_INVALID_ARGUMENT', message)
}
