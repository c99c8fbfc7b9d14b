import {
  type Bucket,
  type Configuration,
  type ConfigurationRecord,
  EMPTY_BUCKET,
  MEMBER_STATES,
} from '@cachemesh/protocol'

/**
 * Positive when `a` says more than `b` about the same key: the order in which a record may only rise, written
 * down a second time, so that a mistake in the first is found (docs/protocol/configuration.md, C15).
 */
export function compareRecords(a: ConfigurationRecord, b: ConfigurationRecord): number {
  if (a.member && b.member) {
    const byClaim = a.member.since - b.member.since || a.member.incarnation - b.member.incarnation
    if (byClaim !== 0) return byClaim
    const byState = MEMBER_STATES.indexOf(a.member.state) - MEMBER_STATES.indexOf(b.member.state)
    if (byState !== 0) return byState
  } else if (a.register && b.register && a.register.counter !== b.register.counter) {
    return a.register.counter - b.register.counter
  }
  return a.hash === b.hash ? 0 : a.hash > b.hash ? 1 : -1
}

/** For each bucket that differs what it was and what it is. Two documents share the buckets that do not. */
export function* changedBuckets(
  before: Configuration,
  after: Configuration,
): Iterable<readonly [Bucket, Bucket]> {
  if (before === after) return
  for (let i = 0; i < after.buckets.length; i++) {
    const old = before.buckets[i] ?? EMPTY_BUCKET
    const now = after.buckets[i] ?? EMPTY_BUCKET
    if (old !== now && old.hash !== now.hash) yield [old, now]
  }
}
