import { type ConfigurationRecord, hashText } from './record.ts'

/** The records whose keys fall on one number, sorted by key, and a hash over them: '' when there are none. */
export interface Bucket {
  readonly records: readonly ConfigurationRecord[]
  readonly hash: string
  /** Canonical bytes of the records. */
  readonly sizeBytes: number
}

export const EMPTY_BUCKET: Bucket = { records: [], hash: '', sizeBytes: 0 }

export function makeBucket(records: readonly ConfigurationRecord[]): Bucket {
  if (records.length === 0) return EMPTY_BUCKET
  const sorted = [...records].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  return {
    records: sorted,
    hash: hashText(sorted.map(record => `${record.key}\0${record.hash}`).join('\n')),
    sizeBytes: sorted.reduce((sum, record) => sum + record.sizeBytes, 0),
  }
}
