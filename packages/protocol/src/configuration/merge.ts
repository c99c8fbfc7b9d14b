// Merging is a join of a semilattice, record by record: commutative, associative, idempotent. Whatever the
// order of exchanges, all nodes end with one text; nobody's document is discarded for a lower serial.

import { CacheMeshError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { type Bucket, EMPTY_BUCKET, makeBucket } from './bucket.ts'
import { Configuration, type ConfigurationText, destroyedText, digestOf, sizeOf } from './configuration.ts'
import { BUCKETS, type ConfigurationRecord, joinRecords } from './record.ts'
import { compact, TOMBSTONES, type TombstoneBound } from './tombstones.ts'
import { type Label, mergedLabel } from './version.ts'

/** The document that says all that either says. Returns one of the two itself when it says and is labelled so. */
export function merge(
  mine: Configuration,
  theirs: Configuration,
  bound: TombstoneBound = TOMBSTONES,
): Configuration {
  const text = compact(joinTexts(mine, theirs), bound)
  const same = [mine, theirs].find(known => isText(text, known))
  const digest = same?.version.digest ?? digestOf(text)
  const label = mergedLabel(mine.version, theirs.version, digest)
  if (sameLabel(label, mine.version)) return mine
  // What is derived from a document is kept with it: one that is taken over as it is need not be gone through again.
  if (digest === theirs.version.digest && sameLabel(label, theirs.version)) return theirs
  return Configuration.of(text, label, digest)
}

/** Costs a glance where most buckets are one object in both; hashing a text costs much more, and most joins are one side. */
function isText(text: ConfigurationText, known: ConfigurationText): boolean {
  if (text.horizon !== known.horizon || text.destroyed !== known.destroyed) return false
  return text.buckets.every(
    (bucket, i) => bucket === known.buckets[i] || bucket.hash === known.buckets[i]?.hash,
  )
}

/** The next document of an author: the same one when the records change nothing. */
export function author(
  mine: Configuration,
  records: readonly ConfigurationRecord[],
  writing: number | { readonly now: number; readonly bound: TombstoneBound },
): Configuration {
  if (mine.destroyed) return mine
  const { now, bound } = typeof writing === 'number' ? { now: writing, bound: TOMBSTONES } : writing
  const text = compact(mine.write(records), bound)
  const digest = digestOf(text)
  if (digest === mine.version.digest) return mine
  checkGrowth(mine, text)
  const { serial, timestamp } = mine.version
  return Configuration.of(text, { serial: serial + 1, timestamp: Math.max(timestamp, now) }, digest)
}

/** The document of a mesh that is given up. Whatever is merged with it, from anywhere, becomes it. */
export function destroy(mine: Configuration, now: number): Configuration {
  if (mine.destroyed) return mine
  const { serial, timestamp } = mine.version
  return Configuration.of(destroyedText(mine.meshId), {
    serial: serial + 1,
    timestamp: Math.max(timestamp, now),
  })
}

/**
 * Registers stop growing at half of what others accept: both sides of a cut may have come that far, and their
 * join must still be a document that everybody takes. Members are bounded by how many nodes there are.
 */
function checkGrowth(mine: Configuration, text: ConfigurationText): void {
  const [before, after] = [registersIn(mine), registersIn(text)]
  if (after.sizeBytes <= before.sizeBytes) return
  if (after.count <= LIMITS.registersMax / 2 && sizeOf(text) <= LIMITS.messageBytesMax / 2) return
  throw new CacheMeshError(
    'ERR_MALFORMED_CONFIGURATION',
    `The configuration is full: it would have ${after.count} settings, namespaces and placements and ` +
      `${sizeOf(text)} bytes; the limits are ${LIMITS.registersMax / 2} and ${LIMITS.messageBytesMax / 2}`,
  )
}

function registersIn(text: ConfigurationText): { count: number; sizeBytes: number } {
  let count = 0
  let sizeBytes = 0
  for (const bucket of text.buckets) {
    for (const record of bucket.records) {
      if (record.register === undefined) continue
      count++
      sizeBytes += record.sizeBytes
    }
  }
  return { count, sizeBytes }
}

export function joinTexts(mine: ConfigurationText, theirs: ConfigurationText): ConfigurationText {
  if (mine.meshId !== theirs.meshId) {
    throw new CacheMeshError(
      'ERR_WRONG_MESH',
      `A configuration of mesh ${JSON.stringify(theirs.meshId)} met one of mesh ${JSON.stringify(mine.meshId)}`,
    )
  }
  if (mine.destroyed || theirs.destroyed) return destroyedText(mine.meshId)
  const horizons = { mine: mine.horizon, theirs: theirs.horizon }
  const buckets: Bucket[] = []
  for (let i = 0; i < BUCKETS; i++) {
    const a = mine.buckets[i] ?? EMPTY_BUCKET
    const b = theirs.buckets[i] ?? EMPTY_BUCKET
    buckets.push(a === b || a.hash === b.hash ? a : joinBuckets(a, b, horizons))
  }
  const horizon = Math.max(horizons.mine, horizons.theirs)
  return { meshId: mine.meshId, horizon, destroyed: false, buckets }
}

function joinBuckets(mine: Bucket, theirs: Bucket, horizons: { mine: number; theirs: number }): Bucket {
  const joined: ConfigurationRecord[] = []
  // Both are sorted by key.
  for (let i = 0, j = 0; i < mine.records.length || j < theirs.records.length; ) {
    const a = mine.records[i]
    const b = theirs.records[j]
    const takesMine = a !== undefined && (b === undefined || a.key <= b.key)
    const takesTheirs = b !== undefined && (a === undefined || b.key <= a.key)
    const record = joinRecords(takesMine ? a : undefined, takesTheirs ? b : undefined, horizons)
    if (record !== undefined) joined.push(record)
    if (takesMine) i++
    if (takesTheirs) j++
  }
  // Most often one side says all that the other does.
  if (holds(mine, joined)) return mine
  return holds(theirs, joined) ? theirs : makeBucket(joined)
}

/** True when these are the records of the bucket, in its order. */
function holds({ records }: Bucket, joined: readonly ConfigurationRecord[]): boolean {
  return (
    records.length === joined.length &&
    records.every((record, i) => record.hash === joined[i]?.hash && record.key === joined[i]?.key)
  )
}

function sameLabel(label: Label, version: Label): boolean {
  return label.serial === version.serial && label.timestamp === version.timestamp
}
