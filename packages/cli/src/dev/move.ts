import { CacheMeshError } from '@cachemesh/protocol'
import type { Seen } from './traffic.ts'

/** What a change of the mesh did to the keys. */
export interface Move {
  readonly changed: readonly { readonly key: string; readonly from: string; readonly to: string }[]
  /** `102 of 412 keys (25 %)`. */
  readonly share: string
  /** In words: which of the keys can still be read. */
  readonly readable: string
}

/** Compares the owners before with those after. Throws when a key is missing that has its old owner. */
export function moveOf(before: Seen, after: Seen): Move {
  const changed = [...after.owners].flatMap(([key, to]) => {
    const from = before.owners.get(key)
    return from === undefined || from === to ? [] : [{ key, from, to }]
  })
  const moved = new Set(changed.map(({ key }) => key))
  const lost = after.missing.find(key => !moved.has(key))
  if (lost !== undefined)
    throw new CacheMeshError('ERR_NOT_FOUND', `Key ${lost} kept its owner and is missing all the same`)
  const total = after.owners.size
  const percent = Math.round((100 * changed.length) / total)
  return {
    changed,
    share: `${changed.length} of ${total} keys (${percent} %)`,
    readable: readable(after),
  }
}

function readable({ identical, missing }: Seen): string {
  if (missing.length === 0) return `all ${identical} are read as before`
  return `${identical} are read as before, ${missing.length} are misses; none is an error`
}
