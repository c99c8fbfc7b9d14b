import { makeBucket } from './bucket.ts'
import type { ConfigurationText } from './configuration.ts'
import { isTombstone } from './member.ts'

/** How many tombstones are kept: so many at least, and so many for each living member. */
export interface TombstoneBound {
  readonly min: number
  readonly perLiving: number
  /** For showing what the horizon is for: tombstones are dropped and nothing says so. */
  readonly forgetful?: boolean
}

export const TOMBSTONES: TombstoneBound = { min: 256, perLiving: 2 }

/**
 * Drops the oldest tombstones above the bound and raises the horizon to the newest one dropped. One that is
 * written at or below the horizon vanishes at once, as it would in the next join: kept until then, every
 * removal of an old member would cost a second serial.
 *
 * It is called after authoring and after a completed merge only, and looks at nothing but the text: two
 * nodes that hold one text drop the same ones. A clock would let them differ for ever, and a bound without
 * the horizon would let a node that slept bring the dead back.
 */
export function compact(text: ConfigurationText, bound: TombstoneBound = TOMBSTONES): ConfigurationText {
  const ages: number[] = []
  let living = 0
  for (const bucket of text.buckets) {
    for (const { member } of bucket.records) {
      if (member === undefined) continue
      if (isTombstone(member)) ages.push(member.since)
      else living++
    }
  }
  const excess = ages.length - Math.max(bound.min, bound.perLiving * living)
  ages.sort((a, b) => a - b)
  const dropped = Math.max(text.horizon, excess > 0 ? (ages[excess - 1] as number) : 0)
  if (ages[0] === undefined || ages[0] > dropped) return text
  const horizon = bound.forgetful ? text.horizon : dropped
  const buckets = text.buckets.map(bucket => {
    const kept = bucket.records.filter(
      ({ member }) => !member || !isTombstone(member) || member.since > dropped,
    )
    return kept.length === bucket.records.length ? bucket : makeBucket(kept)
  })
  return { ...text, horizon, buckets }
}
