// A look at all that a store holds that changes nothing of what it holds, nor of what it drops next.

import type { Store } from './store.ts'

/** Qualified keys of delete markers, and then of entries, those first that are used most. */
export function keysByHeat(store: Store): string[] {
  const keys: string[] = []
  for (const [key] of store.markers.entries()) keys.push(key)
  return keys.concat(store.owned.keysByHeat())
}

/** Nothing is held, and nothing is known of deletes but floors. */
export function isEmpty(store: Store): boolean {
  return store.stats.owned.entries === 0 && store.markers.size === 0
}
