/**
 * True when a member orders the writes of a key with this preference list: it is the owner, or the next when all before
 * it could not be reached. Whoever holds copies refuses writes from anybody else: he does not know yet that he is no
 * longer asked, and what he acknowledges would be lost.
 */
export function isInCharge(list: readonly string[], member: string, failed: readonly string[]): boolean {
  for (const id of list) {
    if (id === member) return true
    if (!failed.includes(id)) return false
  }
  return false
}
