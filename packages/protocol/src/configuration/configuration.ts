import { type Bucket, EMPTY_BUCKET, makeBucket } from './bucket.ts'
import type { Member } from './member.ts'
import { BUCKETS, bucketIndex, type ConfigurationRecord, hashText } from './record.ts'
import type { Register } from './register.ts'
import { digestPrefix, type Label, type Version } from './version.ts'

/** What a configuration says, without the label that says how new it is. */
export interface ConfigurationText {
  readonly meshId: string
  /** Tombstones up to this `since` have been dropped. */
  readonly horizon: number
  /** True for a mesh that was given up: it absorbs everything and holds nothing, not even a horizon. */
  readonly destroyed: boolean
  readonly buckets: readonly Bucket[]
}

const EMPTY_BUCKETS: readonly Bucket[] = new Array<Bucket>(BUCKETS).fill(EMPTY_BUCKET)

/** The one text of a destroyed mesh: with anything in it, two of them could differ for ever. */
export function destroyedText(meshId: string): ConfigurationText {
  return { meshId, horizon: 0, destroyed: true, buckets: EMPTY_BUCKETS }
}

/** Canonical bytes of all records. */
export function sizeOf(text: ConfigurationText): number {
  return text.buckets.reduce((sum, bucket) => sum + bucket.sizeBytes, 0)
}

/**
 * The one document that every node of a mesh holds. Immutable; a change makes a new one that shares all
 * buckets that did not change. Its digest is a Merkle tree of two levels: record hashes in buckets, bucket
 * hashes in the digest, so that a change costs one bucket and not one pass over a thousand members.
 */
export class Configuration implements ConfigurationText {
  readonly meshId: string
  readonly version: Version
  readonly horizon: number
  readonly destroyed: boolean
  readonly buckets: readonly Bucket[]
  #members: readonly Member[] | undefined
  #registers: readonly Register[] | undefined
  #prefix: number | undefined
  #living: number | undefined

  private constructor(text: ConfigurationText, label: Label, digest: string) {
    this.meshId = text.meshId
    this.horizon = text.horizon
    this.destroyed = text.destroyed
    this.buckets = text.buckets
    this.version = Object.freeze({ serial: label.serial, timestamp: label.timestamp, digest })
  }

  /** Serial 0, nobody in it. */
  static empty(meshId: string): Configuration {
    const text = { meshId, horizon: 0, destroyed: false, buckets: EMPTY_BUCKETS }
    return Configuration.of(text, { serial: 0, timestamp: 0 })
  }

  /** `digest` is that of the text, for a caller that has computed it already. */
  static of(text: ConfigurationText, label: Label, digest: string = digestOf(text)): Configuration {
    return new Configuration(text, label, digest)
  }

  /** First bits of the digest, as every frame carries them. */
  get prefix(): number {
    this.#prefix ??= digestPrefix(this.version)
    return this.#prefix
  }

  /** Members that are no tombstones. */
  get living(): number {
    this.#living ??= this.buckets.reduce((sum, bucket) => sum + bucket.living, 0)
    return this.#living
  }

  /** All members, tombstones included, sorted by id. */
  get members(): readonly Member[] {
    this.#members ??= Object.freeze(this.#all(record => record.member).sort((a, b) => (a.id < b.id ? -1 : 1)))
    return this.#members
  }

  /** All registers, sorted by name. */
  get registers(): readonly Register[] {
    this.#registers ??= Object.freeze(
      this.#all(record => record.register).sort((a, b) => (a.name < b.name ? -1 : 1)),
    )
    return this.#registers
  }

  member(id: string): Member | undefined {
    return this.record(`m/${id}`)?.member
  }

  register(name: string): Register | undefined {
    return this.record(`r/${name}`)?.register
  }

  record(key: string): ConfigurationRecord | undefined {
    return this.buckets[bucketIndex(key)]?.records.find(record => record.key === key)
  }

  /** This text with some records written over, before anybody labels it. */
  write(records: readonly ConfigurationRecord[]): ConfigurationText {
    const buckets = [...this.buckets]
    for (const record of records) {
      const old = buckets[record.bucket]?.records ?? []
      buckets[record.bucket] = makeBucket([...old.filter(other => other.key !== record.key), record])
    }
    return { meshId: this.meshId, horizon: this.horizon, destroyed: this.destroyed, buckets }
  }

  #all<T>(pick: (record: ConfigurationRecord) => T | undefined): T[] {
    const found: T[] = []
    for (const bucket of this.buckets) {
      for (const record of bucket.records) {
        const item = pick(record)
        if (item !== undefined) found.push(item)
      }
    }
    return found
  }
}

/** 32 hex digits over everything but the label. */
export function digestOf(text: ConfigurationText): string {
  const lines = [text.meshId, text.destroyed ? 'destroyed' : String(text.horizon)]
  text.buckets.forEach((bucket, index) => {
    if (bucket.hash !== '') lines.push(`${index} ${bucket.hash}`)
  })
  return hashText(lines.join('\n'))
}
