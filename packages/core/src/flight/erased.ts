import type { Store } from '../store/store.ts'
import type { Asked } from './flight.ts'

/** What was known of the key at this version is void: a delete that was forgotten may have come later, or a clear. */
export function isErased(store: Store, { key, hash }: Asked, version: number): boolean {
  return store.floors.of(hash) > version || store.erasures.cleared(key, version)
}
