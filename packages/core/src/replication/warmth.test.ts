import { expect, it } from 'vitest'
import { Placement } from '../placement/placement.ts'
import { configurationOf, memberOf } from '../testing/members.ts'
import { OwnWarmth } from './warmth.ts'

const placement = new Placement('a')
placement.update(configurationOf(memberOf('a'), memberOf('b')))

it('is silent while it is warm and nobody has heard anything else', () => {
  const warmth = new OwnWarmth()
  expect(warmth.isNews(true, placement, 1_000)).toBe(false)
  expect(warmth).toMatchObject({ said: undefined, wakeAt: Number.POSITIVE_INFINITY })
})

it('says at once that it is cold, once, and that it is warm when it has stayed so', () => {
  const warmth = new OwnWarmth()
  expect(warmth.isNews(false, placement, 1_000)).toBe(true)
  expect(warmth.isNews(false, placement, 1_001)).toBe(false)
  expect(warmth.isNews(true, placement, 1_002)).toBe(false)
  expect(warmth.wakeAt).toBe(1_252)
  expect(warmth.isNews(false, placement, 1_100)).toBe(false)
  expect(warmth.wakeAt).toBe(Number.POSITIVE_INFINITY)
  expect(warmth.isNews(true, placement, 2_000)).toBe(false)
  expect(warmth.isNews(true, placement, 2_249)).toBe(false)
  expect(warmth.isNews(true, placement, warmth.wakeAt)).toBe(true)
  expect(warmth.said).toMatchObject({ warm: true })
  expect(warmth.isNews(true, placement, 9_000)).toBe(false)
})
