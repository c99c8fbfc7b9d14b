// Parts of the ring that are set: by hand, and by nodes that had too much to do.

import { type NodeCore, placingChange, type RingPart, removalChange } from '@cachemesh/core'
import {
  CacheMeshError,
  DEFAULT_NAMESPACE,
  hashKey,
  keyPrefix,
  qualifyKey,
  setPositions,
} from '@cachemesh/protocol'
import type { MeshChange } from './mesh/change.ts'

/** A part of the ring. */
export type PlacedPart =
  /** The arc in which a key lies, with all its other keys; with `alone` nothing but the key. */
  | { readonly key: string; readonly namespace?: string; readonly alone?: boolean }
  /**
   * What ends at a position, 0 to 4,294,967,295, that one included: it begins after `from`, else where the arc begins
   * in which the position lies.
   */
  | { readonly position: number; readonly from?: number }

export interface PlacementView {
  readonly position: number
  /** Where its part of the ring begins, that position not included. */
  readonly from: number
  /** Ids, as they were set: the owner first, then those who share it with him. */
  readonly members: readonly string[]
  /** Those of them that answer for it now; it is nobody's own when they are gone, and falls to the next on the ring. */
  readonly active: readonly string[]
  /** Who set it: somebody by hand, or a node that had too much to do. */
  readonly by: 'hand' | 'load'
  /** Part of all keys, 0 to 1. */
  readonly share: number
}

const CIRCLE = 2 ** 32

export function viewPlacements({ configuration, placement }: NodeCore): PlacementView[] {
  const { ring } = placement
  return setPositions(configuration).map(({ position, members, by }) => {
    const active = members.filter(id => {
      const member = configuration.member(id)
      return member?.state === 'active' && member.weight > 0
    })
    const from = ring.range(position)?.start ?? position
    // The whole circle, where there is no other position.
    const share = active.length === 0 ? 0 : ((position - from) >>> 0 || CIRCLE) / CIRCLE
    return { position, from, members, active, by, share }
  })
}

/** Throws ERR_INVALID_ARGUMENT, ERR_INVALID_KEY or ERR_INVALID_NAMESPACE. */
export function placing(
  { configuration, placement }: NodeCore,
  part: PlacedPart,
  members: readonly string[],
): MeshChange {
  return placingChange({ configuration, ring: placement.ring }, ringPart(part, placement), members)
}

/** Throws ERR_INVALID_ARGUMENT. */
export function removal({ configuration }: NodeCore, position: number): MeshChange {
  return removalChange(configuration, position)
}

function ringPart(part: PlacedPart, placement: NodeCore['placement']): RingPart {
  if (typeof part !== 'object' || part === null || 'key' in part === 'position' in part)
    throw new CacheMeshError(
      'ERR_INVALID_ARGUMENT',
      'A part of the ring is named by a key, or by its position',
    )
  if ('position' in part) return part
  const { key, namespace = DEFAULT_NAMESPACE, alone = false } = part
  const qualified = qualifyKey(keyPrefix(namespace), key)
  const hash = placement.positionOf(hashKey(qualified), qualified)
  if (hash === undefined) {
    throw new CacheMeshError(
      'ERR_INVALID_ARGUMENT',
      `The partition of namespace ${namespace} says which members keep this key: change that`,
    )
  }
  if (alone) return { position: hash, from: (hash - 1) >>> 0 }
  return { position: placement.ring.range(hash)?.end ?? hash }
}
