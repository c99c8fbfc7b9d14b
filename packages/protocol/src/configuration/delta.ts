// A delta is a configuration written relative to one that the receiver holds: the buckets that differ. It
// is a compression and nothing else. Applying it gives back the author's whole document, proved by its
// digest, and merging is then done on whole documents by the one rule there is (merge.ts).

import { CacheMeshError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { EMPTY_BUCKET, makeBucket } from './bucket.ts'
import { Configuration, type ConfigurationText, sizeOf } from './configuration.ts'
import { BUCKETS, type ConfigurationRecord } from './record.ts'
import { isErasure } from './register.ts'
import type { Version } from './version.ts'

export interface Delta {
  readonly meshId: string
  /** Digest of the document to apply it to. */
  readonly base: string
  /** Version of the document that results. */
  readonly version: Version
  readonly horizon: number
  readonly destroyed: boolean
  /** Indices of the buckets that are replaced, in rising order. */
  readonly buckets: readonly number[]
  /** All records of those buckets. */
  readonly records: readonly ConfigurationRecord[]
}

/** What a node says of its document so that another can answer with a delta. */
export interface Summary {
  readonly digest: string
  /** Index and hash of each bucket that is not empty. */
  readonly buckets: ReadonlyMap<number, string>
}

export function summaryOf(configuration: Configuration): Summary {
  let summary = summaries.get(configuration)
  if (summary === undefined) {
    summary = summarize(configuration)
    summaries.set(configuration, summary)
  }
  return summary
}

/** A document is asked about as often as it is compared with others. */
const summaries = new WeakMap<Configuration, Summary>()

function summarize(configuration: Configuration): Summary {
  const buckets = new Map<number, string>()
  configuration.buckets.forEach((bucket, index) => {
    if (bucket.hash !== '') buckets.set(index, bucket.hash)
  })
  return { digest: configuration.version.digest, buckets }
}

/** The delta that takes the document with that summary to `target`. */
export function deltaTo(target: Configuration, base: Summary): Delta {
  const known = deltas.get(target)
  if (known?.base === base) return known.delta
  const delta = makeDelta(target, base)
  deltas.set(target, { base, delta })
  return delta
}

/** By target the last: one change is told to many. */
const deltas = new WeakMap<Configuration, { readonly base: Summary; readonly delta: Delta }>()

function makeDelta(target: Configuration, base: Summary): Delta {
  const buckets: number[] = []
  const records: ConfigurationRecord[] = []
  target.buckets.forEach((bucket, index) => {
    if (bucket.hash === (base.buckets.get(index) ?? '')) return
    buckets.push(index)
    records.push(...bucket.records)
  })
  const { meshId, version, horizon, destroyed } = target
  return { meshId, base: base.digest, version, horizon, destroyed, buckets, records }
}

/**
 * The author's document. Throws ERR_MALFORMED_CONFIGURATION when base and delta do not give its digest, or when
 * it holds what no honest node writes.
 */
export function applyDelta(base: Configuration, delta: Delta): Configuration {
  if (base.version.digest !== delta.base) throw malformed('is relative to another document')
  let result = applied.get(delta)
  if (result === undefined) {
    result = replaceBuckets(base, delta)
    applied.set(delta, result)
  }
  return result
}

/** What comes of a delta is a function of it alone, for it names its base by digest: nodes of one process may share it. */
const applied = new WeakMap<Delta, Configuration>()

function replaceBuckets(base: Configuration, delta: Delta): Configuration {
  checkNumbers(delta)
  const replaced = new Map<number, ConfigurationRecord[]>()
  for (const index of delta.buckets) {
    if (!Number.isInteger(index) || index < 0 || index >= BUCKETS) throw malformed(`names bucket ${index}`)
    replaced.set(index, [])
  }
  for (const record of delta.records) {
    const bucket = replaced.get(record.bucket)
    if (bucket === undefined) throw malformed(`holds ${show(record.key)} outside its buckets`)
    if (bucket.some(other => other.key === record.key)) throw malformed(`holds ${show(record.key)} twice`)
    bucket.push(record)
  }
  const buckets = base.buckets.map((bucket, index) => {
    const records = replaced.get(index)
    return records === undefined ? bucket : records.length === 0 ? EMPTY_BUCKET : makeBucket(records)
  })
  const { horizon, destroyed, version } = delta
  const text: ConfigurationText = { meshId: delta.meshId, horizon, destroyed, buckets }
  const result = Configuration.of(text, version)
  if (result.version.digest !== version.digest) throw malformed('does not add up to its digest')
  const sizeBytes = sizeOf(result)
  if (sizeBytes > LIMITS.configurationBytesMax) throw malformed(`makes ${sizeBytes} bytes of records`)
  if (destroyed && (sizeBytes > 0 || horizon > 0)) throw malformed('fills a destroyed document')
  return result
}

/**
 * Every number of a document was counted along with its serial, so none is above it; a serial is bounded by the
 * receiver's own (checkVersion). An incarnation or a counter may come from a mesh before this one, so it has as
 * much room above as a serial may jump. Without this, one horizon or incarnation of 2^53 - 1 would keep a
 * member out of the mesh for ever. What was erased is counted by the clock of entries, whose future erases nothing.
 */
function checkNumbers({ version: { serial }, horizon, records }: Delta): void {
  if (horizon > serial) throw malformed(`has horizon ${horizon} above its serial ${serial}`)
  for (const { key, member, register } of records) {
    if (member !== undefined && member.since > serial)
      throw malformed(`holds ${show(key)} from after its serial`)
    if (register !== undefined && isErasure(register.name)) continue
    const count = member?.incarnation ?? register?.counter ?? 0
    if (count > serial + LIMITS.serialJumpMax) throw malformed(`holds ${show(key)} with the number ${count}`)
  }
}

/** A register's name may hold line breaks, which a log must not. */
function show(key: string): string {
  return JSON.stringify(key)
}

function malformed(what: string): CacheMeshError {
  return new CacheMeshError('ERR_MALFORMED_CONFIGURATION', `A configuration delta ${what}`)
}
