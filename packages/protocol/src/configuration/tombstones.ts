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
  let [living, tombstones, oldest] = [0, 0, Number.POSITIVE_INFINITY]
  for (const bucket of text.buckets) {
    living += bucket.living
    tombstones += bucket.tombstones
    oldest = Math.min(oldest, bucket.oldestTombstone)
  }
  const excess = tombstones - Math.max(bound.min, bound.perLiving * living)
  if (excess <= 0 && oldest > text.horizon) return text
  const dropped = Math.max(text.horizon, excess > 0 ? (agesIn(text)[excess - 1] as number) : 0)
  const horizon = bound.forgetful ? text.horizon : dropped
  const buckets = text.buckets.map(bucket => {
    const kept = bucket.records.filter(
      ({ member }) => !member || !isTombstone(member) || member.since > dropped,
    )
    return kept.length === bucket.records.length ? bucket : makeBucket(kept)
  })
  return { ...text, horizon, buckets }
}

/** The `since` of each tombstone, the oldest first. */
function agesIn({ buckets }: ConfigurationText): number[] {
  const members = buckets.flatMap(({ records }) => records.flatMap(({ member }) => member ?? []))
  return members
    .filter(isTombstone)
    .map(({ since }) => since)
    .sort((a, b) => a - b)
}
