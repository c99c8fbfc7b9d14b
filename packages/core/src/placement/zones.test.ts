import {
  author,
  Configuration,
  hashKey,
  type Member,
  memberRecord,
  registerRecord,
} from '@cachemesh/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BOUNDS } from '../limits/limits.ts'
import { memberOf } from '../testing/members.ts'
import { Placement } from './placement.ts'

function placed(members: readonly Member[], said: Readonly<Record<string, unknown>> = {}): Placement {
  const registers = Object.entries(said).map(([name, value]) =>
    registerRecord({ name, counter: 1, json: JSON.stringify(value) }),
  )
  const placement = new Placement('nobody')
  placement.update(author(Configuration.empty('mesh'), [...members.map(memberRecord), ...registers], 1))
  return placement
}

const inZone = (id: string, zone: string): Member => memberOf(id, { weight: 0.02, zone })
const KEYS = Array.from({ length: 200 }, (_, i) => `key ${i}`)

describe('replicas', () => {
  it('are distinct members, and in distinct zones as far as there are any', () => {
    const zones = fc.array(fc.constantFrom('', 'a', 'b', 'c'), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(zones, fc.integer({ min: 0, max: 4 }), (named, replicas) => {
        const members = named.map((zone, index) => inZone(`m${index}`, zone))
        const placement = placed(members, { 'settings/replicas': replicas })
        const zoneOf = new Map(members.map(({ id, zone }) => [id, zone]))
        // Who says none shares none.
        const apart = new Set(members.map(({ id, zone }) => zone || id)).size
        for (const key of KEYS.slice(0, 20)) {
          const target = { key, hash: hashKey(key) }
          const list = placement.list(target)
          expect(new Set(list).size).toBe(list.length)
          expect(list).toHaveLength(Math.min(members.length, replicas + 1 + BOUNDS.standInsMax))
          expect(list[0]).toBe(placement.owner(target.hash))
          const holders = placement.holders(target)
          expect(holders).toEqual(list.slice(0, replicas + 1))
          const held = new Set(holders.map(id => zoneOf.get(id) || id)).size
          expect(held).toBe(Math.min(apart, replicas + 1))
        }
      }),
      { numRuns: 50 },
    )
  })

  it('are as many as the namespace says', () => {
    const members = ['a', 'b', 'c', 'd'].map(id => inZone(id, ''))
    const placement = placed(members, { 'settings/replicas': 1, 'namespaces/users': { replicas: 2 } })
    expect(placement.locate('k').replicas).toHaveLength(1)
    expect(placement.locate('\0users\0k').replicas).toHaveLength(2)
    expect(placement.locate('\0other\0k').replicas).toHaveLength(1)
    expect([placement.replicates, placed(members).replicates]).toEqual([true, false])
  })

  it('move to the next of the list when one of them fails', () => {
    const placement = placed(
      ['a', 'b', 'c', 'd'].map(id => inZone(id, '')),
      { 'settings/replicas': 1 },
    )
    for (const key of KEYS) {
      const target = { key, hash: hashKey(key) }
      const [owner, first, second] = placement.list(target) as [string, string, string]
      expect(placement.holders(target, [owner])).toEqual([first, second])
    }
  })
})

describe('the fingerprint of who holds what', () => {
  it('changes with all that decides about holders, and with nothing else', () => {
    const members = ['a', 'b'].map(id => inZone(id, 'x'))
    const [first, second] = members as [Member, Member]
    const { fingerprint } = placed(members)
    const changed = [
      placed([first]),
      placed([first, { ...second, weight: 1 }]),
      placed([first, { ...second, zone: 'y' }]),
      placed(members, { 'settings/replicas': 1 }),
      placed(members, { 'namespaces/users': { replicas: 1 } }),
      placed(members, { 'placements/5': { members: ['a'] } }),
    ]
    expect(new Set([fingerprint, ...changed.map(other => other.fingerprint)]).size).toBe(7)
    const alike = [placed(members, { 'settings/ttlMs': 5 }), placed([first, { ...second, software: 'new' }])]
    expect(alike.map(other => other.fingerprint)).toEqual([fingerprint, fingerprint])
  })
})
