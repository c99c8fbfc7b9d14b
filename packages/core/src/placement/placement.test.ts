import {
  author,
  Configuration,
  hashKey,
  type Member,
  memberRecord,
  registerRecord,
} from '@cachemesh/protocol'
import { describe, expect, it } from 'vitest'
import { Placement } from './placement.ts'
import { route } from './router.ts'

it('has a ring for any weights a configuration may hold, and gives heavy members even shares of it', () => {
  const members = Array.from({ length: 50 }, (_, i) => memberRecord(member(`heavy-${i}`, 100)))
  const placement = new Placement('heavy-0')
  placement.update(author(Configuration.empty('mesh'), members, 0))
  expect(placement.ring.size).toBeLessThanOrEqual(2_000 * 2_048 + 50)
  for (const share of placement.ring.shares()) expect(share * 50).toBeCloseTo(1, 1)
})

it('has a ring of thousands of members and placements, with weights of every size', () => {
  const weights = [100, 0, Number.MIN_VALUE, 1, 0.1]
  const active = Array.from({ length: 4_096 }, (_, i) =>
    memberRecord(member(`m${i}`, weights[i % weights.length] as number)),
  )
  const json = JSON.stringify({ members: ['m0', 'm1', 'm9'] })
  const registers = Array.from({ length: 512 }, (_, i) =>
    registerRecord({ name: `placements/${i}`, counter: 1, json }),
  )
  const text = Configuration.empty('mesh').write([...active, ...registers])
  const placement = new Placement('m0')
  placement.update(Configuration.of(text, { serial: 1, timestamp: 0 }))
  expect(placement.ring.members).toHaveLength(4_096)
  expect(placement.locate('any').owner).toBeDefined()
})

it('reads a position from digits alone', () => {
  const json = JSON.stringify({ members: ['a'] })
  const sizeWith = (...names: string[]): number => {
    const registers = names.map(name => registerRecord({ name: `placements/${name}`, counter: 1, json }))
    const placement = new Placement('a')
    placement.update(author(Configuration.empty('mesh'), [memberRecord(member('a', 1)), ...registers], 0))
    return placement.ring.size
  }
  expect(sizeWith('0', '4294967295')).toBe(sizeWith() + 2)
  expect(sizeWith(' ', '0x1', '1e3', '-1', '1.0', '4294967296', 'Infinity', '\n')).toBe(sizeWith())
})

it('asks those who share an arc in turn: each is asked by as many others, or by one more', () => {
  const ids = Array.from({ length: 9 }, (_, i) => `m${i}`)
  const json = JSON.stringify({ members: ['m3', 'm5'] })
  const shared = registerRecord({ name: 'placements/4294967295', counter: 1, json })
  const records = [...ids.map(id => memberRecord(member(id, 1))), shared]
  const configuration = author(Configuration.empty('mesh'), records, 0)
  const asks = (self: string, hash: number): string | undefined => {
    const placement = new Placement(self)
    placement.update(configuration)
    return placement.reader(hash, 'any')
  }
  for (const hash of [4_294_967_295, 4_294_967_294]) {
    const asked = ids.map(id => asks(id, hash))
    expect(asked.filter(id => id === undefined)).toHaveLength(2)
    expect([asked[3], asked[5]]).toEqual([undefined, undefined])
    const counts = ['m3', 'm5'].map(one => asked.filter(id => id === one).length)
    expect(counts.sort()).toEqual([3, 4])
  }
  expect(ids.map(id => asks(id, 7))).toEqual(ids.map(() => undefined))
})

function member(id: string, weight: number): Member {
  return {
    id,
    incarnation: 1,
    state: 'active',
    since: 1,
    addresses: [],
    gateways: {},
    weight,
    zone: '',
    software: 'x',
  }
}

describe('a spare member', () => {
  /** Three members of the ring, and two of weight 0, with so many replicas. */
  function withSpares(replicas: number, ...ring: string[]): Placement {
    const members = [...ring.map(id => member(id, 1)), member('spare-1', 0), member('spare-2', 0)]
    const setting = registerRecord({ name: 'settings/replicas', counter: 1, json: String(replicas) })
    const placement = new Placement('a')
    placement.update(author(Configuration.empty('mesh'), [...members.map(memberRecord), setting], 0))
    return placement
  }
  const KEYS = Array.from({ length: 200 }, (_, i) => ({ key: `key ${i}`, hash: hashKey(`key ${i}`) }))

  it('comes after those who keep an entry, before others of the ring, and each for as many keys', () => {
    const placement = withSpares(1, 'a', 'b', 'c', 'd')
    const counts = new Map<string, number>()
    for (const target of KEYS) {
      const list = placement.list(target)
      expect(list).toHaveLength(4)
      expect(placement.holders(target)).toEqual(list.slice(0, 2))
      expect(list.map(id => placement.isSpare(id))).toEqual([false, false, true, false])
      counts.set(list[2] as string, (counts.get(list[2] as string) ?? 0) + 1)
      expect(placement.locate(target.key)).toMatchObject({ owner: list[0], replicas: [list[1]] })
    }
    for (const count of counts.values()) expect(count).toBeGreaterThan(KEYS.length / 3)
  })

  it('keeps nothing for an owner that is there, also when the ring is too short for all replicas', () => {
    const placement = withSpares(2, 'a', 'b')
    for (const target of KEYS) {
      const [owner, second, spare] = placement.list(target) as [string, string, string]
      expect(placement.holders(target)).toEqual([owner, second])
      expect(placement.copiers(target, owner)).toEqual([second])
      expect(placement.isHolder(spare, target)).toBe(false)
      // While the owner cannot be reached it keeps what the second writes.
      expect(placement.copiers(target, second)).toEqual([spare])
    }
  })

  it('is there when nobody is left on the ring, and owns nothing then either', () => {
    const placement = withSpares(0)
    for (const target of KEYS) {
      const [first] = placement.list(target)
      expect(placement.list(target)).toHaveLength(1)
      expect(placement.isSpare(first as string)).toBe(true)
      expect(placement.locate(target.key)).toMatchObject({ owner: undefined, replicas: [] })
      const spare = new Placement(first as string)
      spare.update(author(Configuration.empty('mesh'), [memberRecord(member(first as string, 0))], 0))
      const here = { hops: [], failed: [] }
      expect(route(spare, target, here, () => true)).toEqual({ kind: 'stand-in' })
    }
  })
})
