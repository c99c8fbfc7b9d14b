import { expect, it } from 'vitest'
import { around, between, type Cut, Paths } from './paths.ts'

/** Which of the ways between three hosts are blocked, as `from>to`. */
function blocked(...cuts: Cut[]): string[] {
  const paths = new Paths()
  for (const cut of cuts) paths.add(cut)
  const ways: string[] = []
  for (let from = 0; from < 3; from++) {
    for (let to = 0; to < 3; to++) if (from !== to && !paths.passes(from, to)) ways.push(`${from}>${to}`)
  }
  return ways
}

it('a cut around hosts stops what leaves them, what comes to them, or both', () => {
  const hosts = new Set([0, 1])
  expect(blocked(around(hosts, 'both'))).toEqual(['0>2', '1>2', '2>0', '2>1'])
  expect(blocked(around(hosts, 'out'))).toEqual(['0>2', '1>2'])
  expect(blocked(around(hosts, 'in'))).toEqual(['2>0', '2>1'])
})

it('a cut between two hosts leaves all others alone', () => {
  expect(blocked(between(0, 1, 'both'))).toEqual(['0>1', '1>0'])
  expect(blocked(between(0, 1, 'out'))).toEqual(['0>1'])
  expect(blocked(between(0, 1, 'in'))).toEqual(['1>0'])
  expect(blocked(between(1, 1, 'both'))).toEqual([])
})

it('ways are open when no cut lies on them in either direction, and again when it is gone', () => {
  const paths = new Paths()
  const heal = paths.add(between(0, 1, 'out'))
  expect([paths.passes(1, 0), paths.open(1, 0), paths.open(1, 2)]).toEqual([true, false, true])
  expect([heal(), heal()]).toEqual([true, false])
  expect(paths.open(0, 1)).toBe(true)
})
