import type { Output } from '@cachemesh/core'
import { author, Configuration, registerRecord } from '@cachemesh/protocol'
import { describe, expect, it } from 'vitest'
import { around, Paths } from '../network/paths.ts'
import { EMPTY, holding, hostOf, memberOf, relabelled, steps } from '../testing/hosts.ts'
import { NeverBackwards } from './never-backwards.ts'
import { Orderly } from './orderly.ts'
import { Propagation } from './propagation.ts'
import { ReservedPartition } from './reserved.ts'
import { Serials } from './serials.ts'

describe('never backwards', () => {
  const one = holding(EMPTY, memberOf('a', { incarnation: 2 }))
  const two = holding(one, memberOf('b'))
  const later = memberOf('a', { since: 2 })

  it('is content with what moves forward', () => {
    const left = memberOf('a', { incarnation: 2, state: 'left', weight: 0 })
    const fine = steps(
      new NeverBackwards(),
      { before: EMPTY, after: one },
      { before: one, after: two },
      { before: two, after: two },
      { before: two, after: relabelled(two, 9) },
      { before: two, after: holding(two, left) },
    )
    expect(fine).toEqual([])
  })

  it.each([
    ['a serial that falls', two, relabelled(two, 1), 'the serial fell from 2 to 1'],
    ['a text that changes under its serial', one, relabelled(two, 1), 'the text changed'],
    ['a record that vanishes', two, relabelled(one, 3), 'm/b vanished'],
    ['an older claim', holding(EMPTY, later), relabelled(holding(EMPTY, memberOf('a')), 2), 'm/a went back'],
    [
      'a state of before',
      one,
      holding(one, memberOf('a', { incarnation: 2, state: 'joining' })),
      'm/a went back',
    ],
    [
      'a lower incarnation',
      one,
      holding(one, memberOf('a', { since: 2 })),
      'incarnation of a fell from 2 to 1',
    ],
  ])('finds %s', (_, before, after, wrong) => {
    expect(steps(new NeverBackwards(), { before, after })).toEqual([expect.stringContaining(wrong)])
  })

  it('lets an incarnation fall whose member has forgotten it', () => {
    const checker = new NeverBackwards()
    const host = hostOf(0)
    const before = holding(EMPTY, memberOf(host.id, { incarnation: 2 }))
    const after = holding(before, memberOf(host.id, { since: 2 }))
    expect(steps(checker, { host, after: before }, { before, after })).toHaveLength(1)
    checker.started(host)
    expect(steps(checker, { before, after })).toEqual([])
  })

  it('finds a register that goes back', () => {
    const write = (before: Configuration, counter: number): Configuration =>
      author(before, [registerRecord({ name: 'settings/x', counter, json: '1' })], 1)
    const newer = write(EMPTY, 2)
    expect(steps(new NeverBackwards(), { before: newer, after: write(newer, 1) })).toEqual([
      expect.stringContaining('r/settings/x went back'),
    ])
  })

  it('lets a tombstone vanish below the horizon, and nothing else', () => {
    const dropped = Configuration.of({ ...EMPTY, horizon: 5 }, { serial: 7, timestamp: 1 })
    expect(steps(new NeverBackwards(), { before: one, after: dropped })).toEqual([])
    const later = holding(EMPTY, memberOf('a', { since: 6 }))
    expect(steps(new NeverBackwards(), { before: later, after: dropped })).toEqual(['m/a vanished'])
  })
})

it('serials: finds one above the number of changes, and counts a change seen twice once', () => {
  const one = holding(EMPTY, memberOf('a'))
  const two = holding(one, memberOf('b'))
  const serials = new Serials()
  expect(steps(serials, { after: one }, { after: one }, { before: one, after: two })).toEqual([])
  expect(serials.authored).toBe(2)
  expect(steps(serials, { before: two, after: relabelled(two, 3) })).toEqual([
    'serial 3 after only 2 changes',
  ])
})

describe('reserved', () => {
  const changed = { before: EMPTY, after: holding(EMPTY, memberOf('a')) }

  it('finds a change that is not kept in time', () => {
    const checker = new ReservedPartition()
    const host = hostOf(0)
    checker.started(host, 1)
    expect(steps(checker, { host, ...changed, now: 1_000 }, { host, now: 2_500 })).toEqual([
      'a change is not kept after 2499 ms',
    ])
  })

  it('finds something else in the partition than what was persisted', () => {
    const host = hostOf(0)
    const outputs: Output[] = [{ kind: 'persist', bytes: new Uint8Array(3) }]
    expect(steps(new ReservedPartition(), { host, outputs })).toHaveLength(1)
  })
})

it('orderly: finds a refusal, and a tick that asks for a tick', () => {
  const host = hostOf(0)
  host.step({ kind: 'tick' }, 1)
  expect(steps(new Orderly(), { host, now: 1 })).toEqual([])
  expect(steps(new Orderly(), { host, now: 1e9 })).toEqual(['after a tick it wants another one at once'])
})

describe('propagation', () => {
  it('measures until all that were linked hold a change or what replaces it', () => {
    const [a, b, c] = [hostOf(0, ['host-1']), hostOf(1, ['host-0']), hostOf(2)]
    const propagation = new Propagation()
    for (const host of [a, b, c]) propagation.started(host)
    const one = holding(EMPTY, memberOf('a'))
    const next = holding(one, memberOf('a', { incarnation: 2 }))
    steps(propagation, { host: a, after: one, now: 10 }, { host: a, before: one, after: next, now: 20 })
    expect(propagation.latencies).toEqual([])
    steps(propagation, { host: b, after: next, now: 50 })
    expect(propagation.latencies).toEqual([40, 30])
  })

  it('waits for nobody who is gone', () => {
    const [a, b] = [hostOf(0, ['host-1']), hostOf(1, ['host-0'])]
    const propagation = new Propagation()
    for (const host of [a, b]) propagation.started(host)
    steps(propagation, { host: a, after: holding(EMPTY, memberOf('a')), now: 10 })
    propagation.ended(b)
    expect(propagation.latencies).toEqual([])
    const late = { host: b, after: holding(EMPTY, memberOf('a')), now: 99 }
    steps(propagation, late)
    expect(propagation.latencies).toEqual([])
  })

  it('waits for nobody who is cut off from the author', () => {
    const [a, b, c] = [hostOf(0, ['host-1']), hostOf(1, ['host-0']), hostOf(2, ['host-0'])]
    const propagation = new Propagation()
    for (const host of [a, b, c]) propagation.started(host)
    const one = holding(EMPTY, memberOf('a'))
    const next = holding(one, memberOf('b'))
    steps(propagation, { host: a, after: one, now: 10 })
    const paths = new Paths()
    paths.add(around(new Set([c.index]), 'both'))
    propagation.pathsChanged(paths)
    steps(propagation, { host: a, before: one, after: next, now: 15 })
    steps(propagation, { host: b, after: next, now: 30 })
    expect(propagation.latencies.sort((x, y) => x - y)).toEqual([15, 20])
  })
})
