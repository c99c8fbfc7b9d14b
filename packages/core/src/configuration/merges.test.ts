import { Configuration, merge } from '@cachemesh/protocol'
import { expect, it } from 'vitest'
import { configurationOf, memberOf } from '../testing/members.ts'
import { Merges } from './merges.ts'

const BOUND = { min: 256, perLiving: 2 }
const [a, b] = [configurationOf(memberOf('a')), configurationOf(memberOf('b'))]
const again = (document: Configuration): Configuration => Configuration.of(document, document.version)

it('gives nodes that share it one document for one merge, and the one that merging gives', () => {
  const merges = new Merges(8)
  const merged = merges.of(a, b, BOUND)
  expect(merged.version).toEqual(merge(a, b).version)
  expect(merges.of(again(a), again(b), BOUND)).toBe(merged)
  expect(new Merges().of(a, b, BOUND)).not.toBe(merged)
})

it('gives back the very document that says and is labelled so, whoever merged before', () => {
  const merges = new Merges(8)
  const ab = merges.of(a, b, BOUND)
  merges.of(ab, a, BOUND)
  const mine = again(ab)
  expect(merges.of(mine, again(a), BOUND)).toBe(mine)
  const theirs = again(ab)
  merges.of(a, ab, BOUND)
  expect(merges.of(again(a), theirs, BOUND)).toBe(theirs)
})

it('keeps apart what is labelled or bounded otherwise, and forgets the oldest', () => {
  const merges = new Merges(2)
  const merged = merges.of(a, b, BOUND)
  const later = Configuration.of(b, { serial: 7, timestamp: 9 })
  expect(merges.of(a, later, BOUND).version.serial).toBeGreaterThan(merged.version.serial)
  expect(merges.of(a, b, { ...BOUND, min: 1 })).not.toBe(merged)
  expect(merges.of(a, b, BOUND)).not.toBe(merged)
})
