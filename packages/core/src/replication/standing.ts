// Between which two nodes entries may have to move when the configuration changes. Judged by members and settings
// alone: who stands on the ring, with what weight. That is coarse, and costs nothing; what is compared then is exact.

import { type Configuration, isTombstone } from '@cachemesh/protocol'
import { holdingTexts } from '../placement/placement.ts'

/** Who is on the ring of a configuration, and what else decides about holders. */
export interface Standing {
  readonly weights: ReadonlyMap<string, number>
  /** Positions set by hand, numbers of replicas, zones: when they change anything may move. */
  readonly rest: string
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
  return { weights, rest: [...rest, ...holdingTexts(configuration)].join('\n') }
}

export interface Change {
  readonly self: string
  readonly before: Standing
  readonly after: Standing
  readonly configuration: Configuration
  /** Entries have replicas: then whoever goes leaves a gap with everybody. */
  readonly replicates: boolean
}

export function movesBetween({ self, before, after, configuration, replicates }: Change): Moves {
  const changed = [...new Set([...before.weights.keys(), ...after.weights.keys()])].filter(
    id => before.weights.get(id) !== after.weights.get(id),
  )
  const others = [...after.weights.keys()].filter(id => id !== self)
  const gone = changed.filter(id => id !== self && !after.weights.has(id))
  const general = before.rest !== after.rest || changed.includes(self)
  const peers =
    general || (replicates && changed.length > 0) ? others : changed.filter(id => others.includes(id))
  const grown = changed.filter(id => weightIn(after, id) > weightIn(before, id))
  const shrunk = changed.filter(id => weightIn(after, id) < weightIn(before, id))
  const isGrown = general && weightIn(after, self) > weightIn(before, self)
  const expected = isGrown || before.rest !== after.rest ? others : changed.filter(id => others.includes(id))
  const stateOf = (id: string): string | undefined => configuration.member(id)?.state
  return {
    peers,
    expected,
    lost: before.rest !== after.rest || grown.some(id => id !== self) || shrunk.includes(self),
    gained: before.rest !== after.rest || shrunk.some(id => id !== self) || grown.includes(self),
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
