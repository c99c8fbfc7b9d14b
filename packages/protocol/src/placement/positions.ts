// Where a member stands on the ring: a function of its id and weight alone, so that nobody else's
// coming or going can move it. A greater weight adds positions and moves none.

import { CacheMeshError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { mix32, murmur3 } from './hash.ts'

/** Positions of a member of weight 1. The spread of shares is about 1 / sqrt of it (docs/decisions/0002). */
export const POSITIONS_PER_WEIGHT = 2048

// 2^32 / golden ratio, odd: steps by it visit every 32 bit integer once, far from the last ones first.
const STEP = 0x9e3779b9

/** How many positions a weight gives. Throws ERR_INVALID_ARGUMENT for a weight that is not 0 to 100. */
export function positionCount(weight: number): number {
  if (!Number.isFinite(weight) || weight < 0 || weight > LIMITS.weightMax) {
    throw new CacheMeshError(
      'ERR_INVALID_ARGUMENT',
      `Weight ${String(weight)} is not a number from 0 to ${LIMITS.weightMax}`,
    )
  }
  return weight === 0 ? 0 : Math.max(1, Math.round(weight * POSITIONS_PER_WEIGHT))
}

/**
 * Writes the first `count` positions of a member into `target` from `offset` on, unsorted and distinct.
 * Two seeds make 64 bits of the id: with 32, two of a few hundred members would soon share a stretch
 * of the sequence, and one of the two would own almost nothing.
 */
export function writePositions(id: string, target: Uint32Array, offset: number, count: number): void {
  const first = murmur3(id, 1)
  const second = murmur3(id, 2)
  for (let i = 0, at = first; i < count; i++, at = (at + STEP) | 0) {
    target[offset + i] = mix32(mix32(at) ^ second)
  }
}
