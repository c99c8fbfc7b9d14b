// Between which two nodes entries may have to move when the configuration changes. Judged by members and settings
// alone: who stands on the ring, with what weight. That is coarse, and costs nothing; what is compared then is exact.

import { type Configuration, isTombstone } from '@cachemesh/protocol'
import { holdingTexts } from '../placement/placement.ts'
import type { Shift } from '../placement/shift.ts'

/** Who is on the ring of a configuration, and what else decides about holders. */
export interface Standing {
  readonly weights: ReadonlyMap<string, number>
  /** Numbers of replicas, zones: when they change anything may move. */
  readonly rest: string
  /** Positions that are set. */
  readonly positions: string
}

export interface Moves {
  /** Members that may have to get entries from this node, or this node from them. */
  readonly peers: readonly string[]
  /** Those of them that may know of entries that this node does not have, and that it owns now. */
  readonly expected: readonly string[]
  /** Some of what this node held is others' now. */
  readonly lost: boolean
  /** Some of what others held may be this node's now. */
  readonly gained: boolean
  /** Members that were removed, and members that left of their own will. */
  readonly removed: readonly string[]
  readonly left: readonly string[]
}

export function standingIn(configuration: Configuration): Standing {
  const weights = new Map<string, number>()
  const rest: string[] = []
  for (const { id, state, weight, zone } of configuration.members) {
    if (state !== 'active') continue
    weights.set(id, weight)
    if (zone !== '') rest.push(`${id} ${zone}`)
  }
  const texts = holdingTexts(configuration)
  const positions = texts.filter(isPosition).join('\n')
  return { weights, rest: [...rest, ...texts.filter(text => !isPosition(text))].join('\n'), positions }
}

function isPosition(text: string): boolean {
  return text.startsWith('placements/')
}

export interface Change {
  readonly self: string
  readonly before: Standing
  readonly after: Standing
  readonly configuration: Configuration
  /** Entries have replicas: then whoever goes leaves a gap with everybody. */
  readonly replicates: boolean
  /** Who is concerned by other positions; undefined: everybody may be. */
  readonly shift: () => Shift | undefined
}

export function movesBetween(change: Change): Moves {
  const { self, before, after } = change
  const shift = before.positions === after.positions ? NO_SHIFT : change.shift()
  const moves = generalMoves(change, before.rest !== after.rest || shift === undefined)
  const { before: old = NOBODY, after: now = NOBODY } = shift ?? {}
  const [held, holds] = [old.has(self), now.has(self)]
  if (!held && !holds) return moves
  const others = [...after.weights.keys()].filter(id => id !== self)
  const concerned = others.filter(id => old.has(id) || now.has(id))
  const known = holds ? others.filter(id => old.has(id)) : []
  return {
    ...moves,
    peers: [...new Set([...moves.peers, ...concerned])],
    expected: [...new Set([...moves.expected, ...known])],
    lost: moves.lost || held,
    gained: moves.gained || holds,
  }
}

const NOBODY: ReadonlySet<string> = new Set()
const NO_SHIFT: Shift = { before: NOBODY, after: NOBODY }

/** `anything`: what changed besides members may concern every key. */
function generalMoves({ self, before, after, configuration, replicates }: Change, anything: boolean): Moves {
  const changed = [...new Set([...before.weights.keys(), ...after.weights.keys()])].filter(
    id => before.weights.get(id) !== after.weights.get(id),
  )
  const others = [...after.weights.keys()].filter(id => id !== self)
  const gone = changed.filter(id => id !== self && !after.weights.has(id))
  const general = anything || changed.includes(self)
  const peers =
    general || (replicates && changed.length > 0) ? others : changed.filter(id => others.includes(id))
  const grown = changed.filter(id => weightIn(after, id) > weightIn(before, id))
  const shrunk = changed.filter(id => weightIn(after, id) < weightIn(before, id))
  const isGrown = general && weightIn(after, self) > weightIn(before, self)
  const expected = isGrown || anything ? others : changed.filter(id => others.includes(id))
  const stateOf = (id: string): string | undefined => configuration.member(id)?.state
  return {
    peers,
    expected,
    lost: anything || grown.some(id => id !== self) || shrunk.includes(self),
    gained: anything || shrunk.some(id => id !== self) || grown.includes(self),
    removed: gone.filter(id => stateOf(id) !== 'left' && isGone(configuration, id)),
    left: gone.filter(id => stateOf(id) === 'left'),
  }
}

function isGone(configuration: Configuration, id: string): boolean {
  const member = configuration.member(id)
  return member === undefined || isTombstone(member)
}

function weightIn({ weights }: Standing, id: string): number {
  return weights.get(id) ?? 0
}
