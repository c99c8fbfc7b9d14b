import { describe, expect, it } from 'vitest'
import { Configuration, type ConfigurationText } from './configuration.ts'
import { isTombstone, type Member, tombstone } from './member.ts'
import { author, merge } from './merge.ts'
import { memberRecord } from './record.ts'
import { memberOf } from './testing/members.ts'
import { compact, TOMBSTONES } from './tombstones.ts'

const ZERO = { serial: 0, timestamp: 0 }

describe('tombstones', () => {
  it('are kept up to the bound, then dropped by the serial of their incarnation, lowest first', () => {
    const text = documentOf({ living: 1, dead: TOMBSTONES.min })
    expect(compact(text)).toBe(text)
    const { horizon, members } = settled(documentOf({ living: 1, dead: TOMBSTONES.min + 3 }))
    expect(horizon).toBe(3)
    expect(sinces(members)).toEqual(range(4, TOMBSTONES.min + 3))
  })

  it('are two per living member in a large mesh', () => {
    expect(settled(documentOf({ living: 200, dead: 401 })).horizon).toBe(1)
    expect(settled(documentOf({ living: 200, dead: 400 })).horizon).toBe(0)
  })

  it('of one serial are dropped together, for a text says nothing of which was first', () => {
    const records = range(1, 6).map(i =>
      memberRecord(tombstone(memberOf(`dead${i}`, { since: 4 }), 'removed')),
    )
    const text = compact(Configuration.empty('mesh').write(records), { min: 5, perLiving: 0 })
    expect([text.horizon, text.buckets.flatMap(bucket => bucket.records)]).toEqual([4, []])
  })

  it('at or below the horizon vanish when they are written', () => {
    const text = { ...documentOf({ living: 2, dead: 5 }), horizon: 3 }
    const { horizon, members } = settled(text)
    expect([horizon, sinces(members)]).toEqual([3, [4, 5]])
  })

  it('are dropped alike wherever the text is the same, and not again', () => {
    const bound = { min: 2, perLiving: 1 }
    const text = compact(documentOf({ living: 3, dead: 9 }), bound)
    expect(text.horizon).toBe(6)
    expect(compact(text, bound)).toBe(text)
  })
})

// The protocol's own bound and merge, not the model's: 300 members come and go while one node sleeps.
describe('a node that slept', () => {
  const before = author(
    Configuration.empty('mesh'),
    range(1, 300).map(i => memberRecord(memberOf(`m${i}`, { since: i }))),
    1,
  )
  const sleeper = relabelled(before, 300)
  let mesh = sleeper
  for (const member of before.members) {
    if (member.id !== 'm300') mesh = author(mesh, [memberRecord(tombstone(member, 'removed'))], 2)
  }

  it('finds the tombstones dropped and a horizon in their place', () => {
    expect(mesh.members.filter(isTombstone)).toHaveLength(TOMBSTONES.min)
    expect(mesh.horizon).toBe(299 - TOMBSTONES.min)
  })

  it('brings nobody back, from whichever side the two merge', () => {
    for (const merged of [merge(mesh, sleeper), merge(sleeper, mesh)]) {
      expect(merged.members.filter(member => !isTombstone(member)).map(member => member.id)).toEqual(['m300'])
      expect(merged.version).toEqual(mesh.version)
    }
  })

  it('is let in again when it claims a new incarnation, which no horizon reaches', () => {
    const claim = memberOf('m1', { incarnation: mesh.horizon + 1, since: mesh.version.serial + 1 })
    const back = author(merge(sleeper, mesh), [memberRecord(claim)], 3)
    expect(merge(mesh, back).member('m1')).toEqual(claim)
    expect(merge(sleeper, back).member('m1')).toEqual(claim)
  })

  it('is known again after a cut in which its side did not hear of the other side, but not what it forgot', () => {
    // m301 joined on the sleeper's side only, long before the serial that the other side's horizon reached.
    const joined = author(sleeper, [memberRecord(memberOf('m301', { since: 20 }))], 2)
    expect(merge(mesh, joined).member('m301')).toBeUndefined()
    const returned = author(
      merge(joined, mesh),
      [memberRecord(memberOf('m301', { incarnation: 2, since: mesh.version.serial + 2 }))],
      3,
    )
    expect(merge(mesh, returned).member('m301')?.incarnation).toBe(2)
  })
})

function documentOf(counts: { living: number; dead: number }): Configuration {
  const living = range(1, counts.living).map(i => memberRecord(memberOf(`live${i}`, { since: i })))
  const dead = range(1, counts.dead).map(i =>
    memberRecord(tombstone(memberOf(`dead${i}`, { since: i }), 'removed')),
  )
  return relabelled(Configuration.of(Configuration.empty('mesh').write([...living, ...dead]), ZERO), 999)
}

function settled(text: ConfigurationText): Configuration {
  return Configuration.of(compact(text), ZERO)
}

function sinces(members: readonly Member[]): number[] {
  return members
    .filter(isTombstone)
    .map(member => member.since)
    .sort((a, b) => a - b)
}

function relabelled(configuration: Configuration, serial: number): Configuration {
  return Configuration.of(configuration, { serial, timestamp: 1 })
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}
