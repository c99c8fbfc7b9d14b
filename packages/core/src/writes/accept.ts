// Entries that the owner of a key did not write here: from a replica, from the node that owned the key before, from
// the other side of a cut. Whatever the order in which the same of them arrive, and however often, what is left is
// the same: of each key the greatest version, and nothing at or below a floor.

import type { Instant } from '../limits/instant.ts'
import type { Entry } from '../store/entry.ts'
import { type ArcFloor, arcOf } from '../store/floors.ts'
import type { Store } from '../store/store.ts'

export type Accepted =
  | 'stored'
  /** What is here is the same, or newer. */
  | 'older'
  /** It may be something that was deleted: the marker of the delete is gone, but for a floor. */
  | 'below-floor'
  /** Its version lies in the future: taken, it would win against every write until then. */
  | 'ahead'

export interface Arrived {
  /** Qualified key. */
  readonly key: string
  readonly hash: number
  /** An entry or a delete marker, in memory of its own. */
  readonly entry: Entry
  /**
   * It comes from the owner of the key, who has had it all the time: what was deleted there is not among what it
   * sends, and the floor of the arc says nothing of it.
   */
  readonly fromOwner?: boolean
}

/** Throws ERR_VALUE_TOO_LARGE when this node could never keep it. */
export function accept(
  store: Store,
  { key, hash, entry, fromOwner = false }: Arrived,
  at: Instant,
): Accepted {
  if (!store.clock.see(entry.version, at.wall)) return 'ahead'
  const latest = store.latest(key)
  if (latest !== undefined && !wins(entry, latest)) return 'older'
  const below = !fromOwner && entry.version <= store.floors.of(hash)
  if (entry.deleted && below) {
    // The floor says it already; what it deletes may have been confirmed here by an owner.
    if (latest !== undefined) store.owned.delete(key)
    return latest === undefined ? 'below-floor' : 'stored'
  }
  if (below) return 'below-floor'
  if (!entry.deleted && store.erasures.hide(key, entry)) {
    store.void(key, entry.version, at.now)
    return 'below-floor'
  }
  store.put(key, entry, at.now)
  return 'stored'
}

/**
 * Floors of another node join with those here. What is here at or below a floor that this raises may have been
 * deleted there, and is dropped. To be called before the entries that come with the floors are accepted. Costs a
 * pass over the store when any floor rises: many floors at once. Returns how many entries were dropped.
 */
export function mergeFloors(store: Store, floors: readonly ArcFloor[], { wall }: Instant): number {
  const raised = new Set<number>()
  for (const { arc, version } of floors) {
    // What is written here from now on is above. One that no clock can have given would refuse whatever comes.
    if (store.clock.see(version, wall) && store.floors.raise(arc, version)) raised.add(arc)
  }
  if (raised.size === 0) return 0
  return store.owned.deleteWhere(
    (hash, version) => raised.has(arcOf(hash)) && version <= store.floors.of(hash),
  )
}

/** Two sides of a cut may have given one version to two values: all nodes have to choose the same. */
function wins(a: Entry, b: Entry): boolean {
  if (a.version !== b.version) return a.version > b.version
  if (a.deleted !== b.deleted) return a.deleted
  const order = compareBytes(a.value, b.value)
  return order > 0 || (order === 0 && a.contentType > b.contentType)
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return (a[i] as number) - (b[i] as number)
  return a.length - b.length
}
