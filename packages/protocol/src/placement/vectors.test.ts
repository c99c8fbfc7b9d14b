import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Configuration } from '../configuration/configuration.ts'
import type { Member } from '../configuration/member.ts'
import { memberRecord, registerRecord } from '../configuration/record.ts'
import { canonicalJson } from '../configuration/register.ts'
import { hashKey } from './hash.ts'
import { positionCount, writePositions } from './positions.ts'
import { Ring } from './ring.ts'
import { ringOf } from './ring-of.ts'
import type { RingMember, RingOverride } from './roster.ts'

interface HashVector {
  readonly key: string
  readonly hash: number
}
interface PositionsVector extends RingMember {
  readonly count: number
  readonly first: readonly number[]
  readonly xor: number
  readonly sum: number
}
interface ConfigurationVector {
  readonly members: readonly Pick<Member, 'id' | 'weight' | 'state'>[]
  readonly registers: readonly { readonly name: string; readonly value: unknown }[]
  readonly ring: readonly (readonly [position: number, ...ids: string[]])[]
  readonly lookups: RingVector['lookups']
}
interface RingVector {
  readonly members: readonly RingMember[]
  readonly overrides: readonly RingOverride[]
  readonly ring?: readonly (readonly [position: number, ...ids: string[]])[]
  readonly lookups: readonly (HashVector & { readonly preference: readonly string[] })[]
}

// Written by another implementation, in another language, from docs/protocol/placement.md alone.
describe('placement version 1', () => {
  it.each(read<HashVector>('placement-hash.json'))('hashes $key', ({ key, hash }) => {
    expect(hashKey(key)).toBe(hash)
  })

  it.each(read<PositionsVector>('placement-positions.json'))('places $id with weight $weight', vector => {
    const positions = new Uint32Array(positionCount(vector.weight))
    writePositions(vector.id, positions, 0, positions.length)
    expect(positions.length).toBe(vector.count)
    expect([...positions.subarray(0, 8)]).toEqual(vector.first)
    expect(positions.reduce((xor, position) => xor ^ position, 0) >>> 0).toBe(vector.xor)
    expect(positions.reduce((sum, position) => (sum + position) % 2 ** 32, 0)).toBe(vector.sum)
  })

  it.each(read<RingVector>('placement-rings.json').map((vector, number) => ({ number, vector })))(
    'builds ring $number and finds the members of its keys',
    ({ vector: { members, overrides, ring: places, lookups } }) => {
      const ring = Ring.build(members, overrides)
      if (places !== undefined) {
        expect(Array.from({ length: ring.size }, (_, place) => ring.positionAt(place))).toEqual(
          places.map(([position]) => position),
        )
      }
      for (const { key, hash, preference } of lookups) {
        const out = new Int32Array(members.length)
        expect(hashKey(key)).toBe(hash)
        expect(ring.preference(hash, out)).toBe(preference.length)
        expect([...out.subarray(0, preference.length)].map(index => ring.members[index])).toEqual(preference)
        expect(ring.members[ring.ownerIndex(hash)]).toBe(preference[0])
      }
    },
  )

  it.each(
    read<ConfigurationVector>('placement-configurations.json').map((vector, number) => ({ number, vector })),
  )(
    'reads the positions that configuration $number sets, and finds the members of its keys',
    ({ vector: { members, registers, ring: places, lookups } }) => {
      const rest = { incarnation: 1, since: 1, addresses: [], gateways: {}, zone: '', software: '' }
      const records = [
        ...members.map(member => memberRecord({ ...rest, ...member })),
        ...registers.map(({ name, value }) =>
          registerRecord({ name, counter: 1, json: canonicalJson(value) }),
        ),
      ]
      const configuration = Configuration.of(Configuration.empty('mesh').write(records), {
        serial: 1,
        timestamp: 0,
      })
      const ring = ringOf(configuration)
      expect(Array.from({ length: ring.size }, (_, place) => ring.positionAt(place))).toEqual(
        places.map(([position]) => position),
      )
      for (const { key, hash, preference } of lookups) {
        const out = new Int32Array(members.length)
        expect(hashKey(key)).toBe(hash)
        expect(ring.preference(hash, out)).toBe(preference.length)
        expect([...out.subarray(0, preference.length)].map(index => ring.members[index])).toEqual(preference)
      }
    },
  )
})

function read<Vector>(name: string): Vector[] {
  return JSON.parse(readFileSync(new URL(`../../vectors/${name}`, import.meta.url), 'utf8'))
}
