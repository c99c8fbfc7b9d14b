// The ring of a configuration: who stands on it, and which positions were set besides those that are derived
// (docs/protocol/placement.md, rules 15, 16, 19 and 20). A function of the configuration alone.

import type { Configuration } from '../configuration/configuration.ts'
import { isTombstone } from '../configuration/member.ts'
import type { Register } from '../configuration/register.ts'
import { Ring } from './ring.ts'
import type { RingMember, RingOverride } from './roster.ts'

/** A ring of this much weight has four million positions, which is as long as anybody should wait for. */
const WEIGHT_TOTAL_MAX = 2_000
/** Registers in which nodes write the arcs that they gave to others: one for each 64th of the circle. */
export const ARC_SLOTS = 64
const SLOT_SHIFT = 26
/** Arcs of one register that count: with members and registers together never more than a ring takes. */
export const SLOT_ARCS_MAX = 256
const PLACEMENTS = 'placements/'

/** A position that was set, and who set it: somebody by hand, or a node that had too much to do. */
export interface SetPosition extends RingOverride {
  readonly by: 'hand' | 'load'
}

/** All of a configuration that decides about its ring. */
export interface RingParts {
  readonly members: readonly RingMember[]
  readonly positions: readonly RingOverride[]
}

/** `previous`, any ring, makes it cheaper the more the two have in common. */
export function ringOf(configuration: Configuration, previous?: Ring): Ring {
  const { members, positions } = ringParts(configuration)
  return Ring.build(members, positions, previous)
}

/** Equal parts give equal rings. */
export function ringParts(configuration: Configuration): RingParts {
  return { members: standingMembers(configuration), positions: activePositions(configuration) }
}

/** The register for the position of an arc that its owner gives away, without `placements/`. */
export function arcSlot(position: number): string {
  return `~${position >>> SLOT_SHIFT}`
}

/** All positions that are set, whoever they name; by position. */
export function setPositions({ registers }: Pick<Configuration, 'registers'>): SetPosition[] {
  const byHand: SetPosition[] = []
  const byLoad: SetPosition[] = []
  for (const register of registers) {
    if (!register.name.startsWith(PLACEMENTS)) continue
    const name = register.name.slice(PLACEMENTS.length)
    if (name.startsWith('~')) byLoad.push(...givenArcs(name, register))
    else {
      const members = listIn((JSON.parse(register.json) as { members?: unknown } | null)?.members)
      const position = positionIn(name)
      if (members !== undefined && position !== undefined) byHand.push({ position, members, by: 'hand' })
    }
  }
  const taken = new Set(byHand.map(({ position }) => position))
  const given = byLoad.filter(({ position }) => !taken.has(position))
  return [...byHand, ...given].sort((a, b) => a.position - b.position)
}

/** What one register says of arcs that were given away; nothing of it that does not belong there. */
function givenArcs(name: string, { json }: Register): SetPosition[] {
  const arcs: unknown = (JSON.parse(json) as { arcs?: unknown } | null)?.arcs
  if (typeof arcs !== 'object' || arcs === null || Array.isArray(arcs)) return []
  const given = Object.entries(arcs).flatMap(([digits, value]): SetPosition[] => {
    const position = positionIn(digits)
    const members = listIn(value)
    if (position === undefined || members === undefined || arcSlot(position) !== name) return []
    return String(position) === digits ? [{ position, members, by: 'load' }] : []
  })
  return given.sort((a, b) => a.position - b.position).slice(0, SLOT_ARCS_MAX)
}

function positionIn(digits: string): number | undefined {
  const position = Number(digits)
  return /^\d+$/.test(digits) && position <= 0xffff_ffff ? position : undefined
}

function listIn(value: unknown): string[] | undefined {
  if (!Array.isArray(value)) return undefined
  return value.filter(id => typeof id === 'string')
}

function activePositions(configuration: Configuration): RingOverride[] {
  return setPositions(configuration).flatMap(({ position, members }) => {
    const active = members.filter(id => isActive(configuration, id))
    return active.length === 0 ? [] : { position, members: active }
  })
}

/**
 * Each member's weight is within bounds, and still a thousand heavy ones together would need more positions than there
 * may be: then all weights shrink together, so that every configuration that can be merged has a ring, and everybody the
 * same one.
 */
function standingMembers({ members }: Configuration): RingMember[] {
  const active = members.filter(({ state }) => state === 'active')
  const total = active.reduce((sum, { weight }) => sum + weight, 0)
  const scale = total > WEIGHT_TOTAL_MAX ? WEIGHT_TOTAL_MAX / total : 1
  return active.map(({ id, weight }) => ({ id, weight: weight * scale }))
}

function isActive(configuration: Configuration, id: string): boolean {
  const member = configuration.member(id)
  return member !== undefined && !isTombstone(member) && member.state === 'active'
}
