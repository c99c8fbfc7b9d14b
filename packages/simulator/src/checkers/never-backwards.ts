import { type Bucket, type Configuration, isTombstone } from '@cachemesh/protocol'
import type { Host } from '../world/host.ts'
import type { Checker, Step } from './checker.ts'
import { changedBuckets, compareRecords } from './record-order.ts'

/**
 * A node's configuration only moves forward: its serial and timestamp never fall, a changed text has a
 * greater serial, and no record says less than before. A record may vanish below the horizon only. An
 * incarnation falls only when its member forgot how far it had counted. A claim that has ended does not live again.
 */
export class NeverBackwards implements Checker {
  readonly name = 'never-backwards'
  /** By id: the greatest incarnation that a process of that host has held of itself. */
  readonly #counted = new Map<string, number>()
  readonly #forgetful = new Set<string>()
  /** Records that vanished somewhere: said once, and not again wherever else they do. */
  readonly #vanished = new Set<string>()
  /** Claims that the process of each host has held as ended. */
  readonly #ended = new Map<string, Set<string>>()

  started({ id, core }: Host): void {
    this.#ended.delete(id)
    const remembered = core.configuration.member(id)?.incarnation ?? 0
    if (remembered < (this.#counted.get(id) ?? 0)) this.#forgetful.add(id)
  }

  changed({ host: { id }, before, after }: Step): readonly string[] {
    const own = after.member(id)?.incarnation ?? 0
    if (own > (this.#counted.get(id) ?? 0)) this.#counted.set(id, own)
    const wrong = wrongLabel(before, after)
    if (after.destroyed) return wrong
    for (const [old, now] of changedBuckets(before, after)) {
      wrong.push(...this.#lost(old, now, after.horizon), ...uncounted(old, now, this.#forgetful))
      wrong.push(...this.#risen(id, now))
    }
    return wrong
  }

  #lost(old: Bucket, now: Bucket, horizon: number): string[] {
    const wrong: string[] = []
    for (const record of old.records) {
      const next = now.records.find(other => other.key === record.key)
      if (next === undefined) {
        const dropped = record.member !== undefined && record.member.since <= horizon
        if (dropped || this.#vanished.has(record.hash)) continue
        this.#vanished.add(record.hash)
        wrong.push(`${record.key} vanished`)
      } else if (compareRecords(next, record) < 0) {
        wrong.push(`${record.key} went back from ${JSON.stringify(record)} to ${JSON.stringify(next)}`)
      }
    }
    return wrong
  }

  /** What was removed or has left lives only by a new claim. */
  #risen(host: string, { records }: Bucket): string[] {
    const wrong: string[] = []
    const ended = this.#ended.get(host) ?? new Set()
    this.#ended.set(host, ended)
    for (const { member } of records) {
      if (member === undefined) continue
      const claim = `${member.id} ${member.since} ${member.incarnation}`
      if (isTombstone(member)) ended.add(claim)
      else if (ended.has(claim)) wrong.push(`${member.id} came back to life by a claim that had ended`)
    }
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

function uncounted(old: Bucket, now: Bucket, forgetful: ReadonlySet<string>): string[] {
  const wrong: string[] = []
  for (const { member } of old.records) {
    if (member === undefined || forgetful.has(member.id)) continue
    const next = now.records.find(other => other.member?.id === member.id)?.member
    if (next !== undefined && next.incarnation < member.incarnation)
      wrong.push(`the incarnation of ${member.id} fell from ${member.incarnation} to ${next.incarnation}`)
  }
  return wrong
}
