import { isTombstone } from './member.ts'
import { type ConfigurationRecord, hashText } from './record.ts'

/** The records whose keys fall on one number, sorted by key, and a hash over them: '' when there are none. */
export interface Bucket {
  readonly records: readonly ConfigurationRecord[]
  readonly hash: string
  /** Canonical bytes of the records. */
  readonly sizeBytes: number
  /** Members that are no tombstones. */
  readonly living: number
  readonly tombstones: number
  /** Least `since` of a tombstone; Infinity without any. */
  readonly oldestTombstone: number
}

export const EMPTY_BUCKET: Bucket = {
  records: [],
  hash: '',
  sizeBytes: 0,
  living: 0,
  tombstones: 0,
  oldestTombstone: Number.POSITIVE_INFINITY,
}

export function makeBucket(records: readonly ConfigurationRecord[]): Bucket {
  if (records.length === 0) return EMPTY_BUCKET
  const sorted = [...records].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  let [sizeBytes, living, tombstones, oldestTombstone] = [0, 0, 0, Number.POSITIVE_INFINITY]
  for (const record of sorted) {
    sizeBytes += record.sizeBytes
    if (record.member === undefined) continue
    if (isTombstone(record.member)) {
      tombstones++
      oldestTombstone = Math.min(oldestTombstone, record.member.since)
    } else living++
  }
  const hash = hashText(sorted.map(record => `${record.key}\0${record.hash}`).join('\n'))
  return { records: sorted, hash, sizeBytes, living, tombstones, oldestTombstone }
}
