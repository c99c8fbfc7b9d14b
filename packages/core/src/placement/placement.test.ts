import { author, Configuration, type Member, memberRecord } from '@cachemesh/protocol'
import { expect, it } from 'vitest'
import { Placement } from './placement.ts'

it('has a ring for any weights a configuration may hold, and gives heavy members even shares of it', () => {
  const members = Array.from({ length: 50 }, (_, i) => memberRecord(member(`heavy-${i}`, 100)))
  const placement = new Placement('heavy-0')
  placement.update(author(Configuration.empty('mesh'), members, 0))
  expect(placement.ring.size).toBeLessThanOrEqual(2_000 * 2_048 + 50)
  for (const share of placement.ring.shares()) expect(share * 50).toBeCloseTo(1, 1)
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
