import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Configuration } from './configuration.ts'
import { canonicalMember, type Member } from './member.ts'
import { merge } from './merge.ts'
import { type ConfigurationRecord, memberRecord, registerRecord } from './record.ts'
import { canonicalRegister, type Register } from './register.ts'
import { type DocumentVector, documentFrom } from './testing/documents.ts'
import { memberOf } from './testing/members.ts'

interface RecordVector {
  readonly record: Member | Register
  readonly canonical: string
  readonly hash: string
  readonly bucket: number
}
interface DigestVector {
  readonly document?: DocumentVector
  readonly members?: number
  readonly digest?: string
  readonly buckets: readonly (readonly [number, string])[]
}
interface MergeVector {
  readonly what: string
  readonly mine: DocumentVector
  readonly theirs: DocumentVector
  readonly merged: DocumentVector
}

// Written by a second implementation, in another language, and never again.
describe('configuration version 1', () => {
  it.each(read<RecordVector>('configuration-records.json'))('hashes $canonical', vector => {
    const { record, canonical, hash, bucket } = vector
    expect('name' in record ? canonicalRegister(record) : canonicalMember(record)).toBe(canonical)
    const made: ConfigurationRecord = 'name' in record ? registerRecord(record) : memberRecord(record)
    expect([made.hash, made.bucket]).toEqual([hash, bucket])
  })

  it.each(read<DigestVector>('configuration-digests.json').map((vector, number) => ({ number, vector })))(
    'adds up document $number to its digest',
    ({ vector: { document, members = 0, digest, buckets } }) => {
      const made = document ? documentFrom(document) : nodes(members)
      expect(made.version.digest).toBe(document?.digest ?? digest)
      const held = made.buckets.flatMap(({ hash }, index) => (hash === '' ? [] : [[index, hash]]))
      expect(held).toEqual(buckets)
    },
  )

  it.each(read<MergeVector>('configuration-merges.json'))('merges: $what', ({ mine, theirs, merged }) => {
    const expected = documentFrom(merged)
    expect(expected.version.digest).toBe(merged.digest)
    const result = merge(documentFrom(mine), documentFrom(theirs))
    expect(result.version).toEqual(expected.version)
    expect([result.members, result.registers]).toEqual([expected.members, expected.registers])
    expect(merge(documentFrom(theirs), documentFrom(mine)).version).toEqual(expected.version)
  })
})

function nodes(count: number): Configuration {
  const records = Array.from({ length: count }, (_, index) => memberRecord(memberOf(`node-${index}`)))
  return Configuration.of(Configuration.empty('mesh').write(records), { serial: 1, timestamp: 0 })
}

function read<T>(file: string): T[] {
  return JSON.parse(readFileSync(new URL(`../../vectors/${file}`, import.meta.url), 'utf8'))
}
