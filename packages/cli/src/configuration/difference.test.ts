import { describe, expect, it } from 'vitest'
import type { Configuration, Member } from '../api/replies.ts'
import { differences, statesOf } from './difference.ts'

const member = (id: string, fields: Partial<Member> = {}): Member => {
  return { id, state: 'active', addresses: [], gateways: {}, weight: 1, zone: '', ...fields }
}

const EMPTY: Configuration = {
  meshId: 'm',
  version: { serial: 1, timestamp: 1, digest: '' },
  destroyed: false,
  members: [],
  settings: {},
  namespaces: {},
  stores: {},
  placements: {},
}

describe('the differences of two configurations', () => {
  it('name members and values that came, changed and went', () => {
    const before = {
      ...EMPTY,
      members: [member('a'), member('b'), member('c')],
      settings: { ttlMs: 1, leaseMs: 1, same: { a: [1] } },
      stores: { db: { url: 'x' } },
    }
    const after = {
      ...EMPTY,
      members: [member('a', { weight: 2 }), member('b', { state: 'left' }), member('c'), member('d')],
      settings: { ttlMs: 2, colour: 'blue', same: { a: [1] } },
      stores: { db: { url: 'x' } },
      namespaces: { users: { ttlMs: 5 } },
    }
    expect(differences(before, after)).toEqual([
      'member a changed',
      'member b left',
      'member d active',
      'setting ttlMs = 2',
      'setting leaseMs removed',
      'setting colour = blue',
      'namespace users = {"ttlMs":5}',
    ])
    expect(differences(after, after)).toEqual([])
    expect(statesOf(after.members)).toBe('3 active, 1 left')
  })

  it('are one when the mesh was destroyed', () => {
    const before = { ...EMPTY, members: [member('a')], settings: { ttlMs: 1 } }
    expect(differences(before, { ...EMPTY, destroyed: true })).toEqual(['the mesh was destroyed'])
  })
})
