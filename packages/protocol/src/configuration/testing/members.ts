// Members and registers to make configurations of.

import fc from 'fast-check'
import { LIMITS } from '../../limits.ts'
import { Configuration } from '../configuration.ts'
import { MEMBER_STATES, type Member, tombstone } from '../member.ts'
import { author } from '../merge.ts'
import { type ConfigurationRecord, memberRecord, registerRecord } from '../record.ts'
import { canonicalJson, type Register } from '../register.ts'

/** An active member as a real one looks; `fields` replace some of it. */
export function memberOf(id: string, fields: Partial<Member> = {}): Member {
  const attributes = {
    addresses: ['/ip4/10.0.0.5/tcp/7400'],
    gateways: { http: 'http://10.0.0.5:8080' },
    weight: 1,
    zone: 'a',
    software: 'cachemesh/0.1.0',
  }
  return { id, incarnation: 1, state: 'active', since: 1, ...attributes, ...fields }
}

/** A peer id as long as a real one. */
export function peerId(index: number): string {
  return `12D3KooW${String(index).padStart(44, 'x')}`
}

/** A configuration of that many members, by one author. */
export function configurationOf(count: number, meshId = 'mesh'): Configuration {
  const records = Array.from({ length: count }, (_, index) => memberRecord(memberOf(peerId(index))))
  return author(Configuration.empty(meshId), records, 1)
}

const anyText = fc.string({ unit: 'grapheme', maxLength: 20 })

export const anyMember: fc.Arbitrary<Member> = fc
  .record({
    id: fc.stringMatching(/^[!-~]{1,20}$/),
    incarnation: fc.nat(9),
    state: fc.constantFrom(...MEMBER_STATES),
    since: fc.nat(9),
    addresses: fc.array(anyText, { maxLength: LIMITS.addressesMax }),
    gateways: fc.dictionary(anyText, anyText, { maxKeys: 4, noNullPrototype: true }),
    weight: fc.double({ min: 0, max: LIMITS.weightMax, noNaN: true }),
    zone: anyText,
    software: anyText,
  })
  .map(member =>
    member.state === 'left' || member.state === 'removed' ? tombstone(member, member.state) : member,
  )

export const anyRegister: fc.Arbitrary<Register> = fc.record({
  name: fc
    .tuple(
      fc.constantFrom('settings', 'namespaces', 'placements', 'stores'),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
    )
    .map(parts => parts.join('/')),
  counter: fc.nat(9),
  json: fc.jsonValue({ maxDepth: 3 }).map(canonicalJson),
})

export const anyRecord: fc.Arbitrary<ConfigurationRecord> = fc.oneof(
  anyMember.map(memberRecord),
  anyRegister.map(registerRecord),
)

/** Any document at all, not only one that a run of a mesh arrives at. */
export const anyConfiguration: fc.Arbitrary<Configuration> = fc
  .array(anyRecord, { maxLength: 30 })
  .chain(records =>
    fc
      .record({ horizon: fc.nat(9), serial: fc.integer({ min: 9, max: 99 }), timestamp: fc.nat() })
      .map(label => {
        const { meshId, destroyed, buckets } = Configuration.empty('mesh').write(records)
        return Configuration.of({ meshId, destroyed, buckets, horizon: label.horizon }, label)
      }),
  )
