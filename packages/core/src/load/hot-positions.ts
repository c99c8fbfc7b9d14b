import { hashKey } from '@cachemesh/protocol'
import { arcOf } from '../store/floors.ts'

/**
 * Where in each part of the ring its hottest key lies. A part may belong to several members: the place of that key says more of
 * it than its first position. `keys`: the hottest first; `positionOf`: of a key on the ring of all.
 */
export function hottestPositions(
  keys: readonly { readonly key: string }[],
  positionOf: (hash: number, key: string) => number | undefined,
): Map<number, number> {
  const positions = new Map<number, number>()
  for (const { key } of keys) {
    const position = positionOf(hashKey(key), key)
    if (position !== undefined && !positions.has(arcOf(position))) positions.set(arcOf(position), position)
  }
  return positions
}
