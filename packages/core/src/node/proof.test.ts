import type { Message } from '@cachemesh/protocol'
import { describe, expect, it } from 'vitest'
import { TIMES } from '../limits/limits.ts'
import { Life } from '../testing/life.ts'
import { configurationOf, memberOf } from '../testing/members.ts'

const ACCUSED: Message = {
  kind: 'accusation',
  accuser: 'p',
  round: 1,
  charges: [{ member: 'me', since: 1, incarnation: 1, witnesses: [], hearsay: false, unable: false }],
}

/** A node that has all that it should have, and holds something. */
function settled(): Life {
  const life = new Life({ remembered: configurationOf(...['me', 'p', 'q'].map(id => memberOf(id))) })
  life.start()
  for (const peer of ['p', 'q']) life.step({ kind: 'link-up', peer })
  return life.warmed()
}

function freeze(life: Life, ms: number): void {
  life.now += ms
  life.step({ kind: 'tick' })
}

describe('a node that answers an accusation', () => {
  const { incarnation: before } = settled().me!

  it('after a pause doubts what it held: it may have been removed, and its answer hides that', () => {
    const life = settled()
    const held = life.node.store.clock.next(0)
    freeze(life, 8_000)
    expect(life.node.replication.doubts('key', held)).toBe(false)
    life.hear('p', { ...ACCUSED, charges: ACCUSED.charges.map(it => ({ ...it, since: life.me!.since })) })
    expect(life.me!.incarnation).toBe(before + 1)
    expect(life.node.replication.doubts('key', held)).toBe(true)
    expect(life.node.replication.expects('q')).toBe(true)
  })

  it('waits for those who may have written meanwhile until they can be heard: they may be cut off themselves', () => {
    const life = settled()
    freeze(life, 8_000)
    life.hear('p', { ...ACCUSED, charges: ACCUSED.charges.map(it => ({ ...it, since: life.me!.since })) })
    life.pass(TIMES.expectMs + 2_000)
    expect(['p', 'q'].map(peer => life.node.replication.expects(peer))).toEqual([true, true])
    life.hear('q', { kind: 'beat', seq: 1, echo: 0, urgent: false })
    life.pass(TIMES.expectMs + 1)
    expect(['p', 'q'].map(peer => life.node.replication.expects(peer))).toEqual([true, false])
    life.pass(TIMES.doubtMs)
    expect(life.node.replication.expects('p')).toBe(false)
  })

  it('without one, or long after it, does not', () => {
    for (const [frozenMs, laterMs] of [
      [0, 0],
      [8_000, 11_000],
    ] as const) {
      const life = settled()
      const held = life.node.store.clock.next(0)
      if (frozenMs > 0) freeze(life, frozenMs)
      for (const peer of ['p', 'q']) life.step({ kind: 'link-up', peer })
      life.hearOf('p', life.node.configuration)
      expect(life.node.replication.fence).toBe('open')
      life.pass(laterMs)
      life.hear('p', { ...ACCUSED, charges: ACCUSED.charges.map(it => ({ ...it, since: life.me!.since })) })
      expect(life.me!.incarnation).toBe(before + 1)
      expect(life.node.replication.doubts('key', held)).toBe(false)
    }
  })
})
