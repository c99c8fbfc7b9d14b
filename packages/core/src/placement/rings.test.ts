import { expect, it } from 'vitest'
import { configurationOf, memberOf } from '../testing/members.ts'
import { Placement } from './placement.ts'
import { Rings } from './rings.ts'

const a = memberOf('a')
const b = memberOf('b')
const c = memberOf('c')

it('gives one ring for all configurations in which the same members stand on it', () => {
  const rings = new Rings()
  const ring = rings.of(configurationOf(a, b))
  expect(rings.of(configurationOf(b, a))).toBe(ring)
  const moved = configurationOf(
    a,
    memberOf('b', { incarnation: 2, software: 'other' }),
    memberOf('c', { state: 'joining' }),
  )
  expect(rings.of(moved)).toBe(ring)
})

it('gives another for others, and for another weight', () => {
  const rings = new Rings()
  const ring = rings.of(configurationOf(a, b))
  expect(rings.of(configurationOf(a, b, c), ring).members).toEqual(['a', 'b', 'c'])
  expect(rings.of(configurationOf(a, memberOf('b', { weight: 2 })), ring).size).toBeGreaterThan(ring.size)
})

it('forgets the one that nobody has asked for for longest', () => {
  const rings = new Rings(2)
  const [first, second, third] = [configurationOf(a), configurationOf(b), configurationOf(c)]
  const [old, used] = [rings.of(first), rings.of(second)]
  rings.of(first)
  rings.of(third)
  expect(rings.of(first)).toBe(old)
  expect(rings.of(second)).not.toBe(used)
})

it('makes a node that goes back to the ring before build none', () => {
  const placement = new Placement('a')
  placement.update(configurationOf(a, b))
  const { ring } = placement
  placement.update(configurationOf(a, b, c))
  expect(placement.ring).not.toBe(ring)
  placement.update(configurationOf(a, b))
  expect(placement.ring).toBe(ring)
})
