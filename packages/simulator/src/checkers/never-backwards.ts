import type { Bucket, Configuration } from '@cachemesh/protocol'
import { type Checker, FINE, type Step } from './checker.ts'
import { changedBuckets, compareRecords } from './record-order.ts'

/**
 * A node's configuration only moves forward: its serial and timestamp never fall, a changed text has a
 * greater serial, and no record says less than before. A record may vanish below the horizon only.
 */
export class NeverBackwards implements Checker {
  readonly name = 'never-backwards'

  stepped({ before, after }: Step): readonly string[] {
    if (before === after) return FINE
    const wrong = wrongLabel(before, after)
    if (after.destroyed) return wrong
    for (const [old, now] of changedBuckets(before, after)) wrong.push(...lost(old, now, after.horizon))
    return wrong
  }
}

function wrongLabel({ version: old, horizon }: Configuration, after: Configuration): string[] {
  const { version: now } = after
  const wrong: string[] = []
  if (now.serial < old.serial) wrong.push(`the serial fell from ${old.serial} to ${now.serial}`)
  if (now.timestamp < old.timestamp)
    wrong.push(`the timestamp fell from ${old.timestamp} to ${now.timestamp}`)
  if (now.digest !== old.digest && now.serial <= old.serial)
    wrong.push(`the text changed from ${old.digest} to ${now.digest} under serial ${now.serial}`)
  if (after.horizon < horizon) wrong.push(`the horizon fell from ${horizon} to ${after.horizon}`)
  return wrong
}

function lost(old: Bucket, now: Bucket, horizon: number): string[] {
  const wrong: string[] = []
  for (const record of old.records) {
    const next = now.records.find(other => other.key === record.key)
    if (next === undefined) {
      const dropped = record.member !== undefined && record.member.since <= horizon
      if (!dropped) wrong.push(`${record.key} vanished`)
    } else if (compareRecords(next, record) < 0) {
      wrong.push(`${record.key} went back from ${JSON.stringify(record)} to ${JSON.stringify(next)}`)
    }
  }
  return wrong
}
