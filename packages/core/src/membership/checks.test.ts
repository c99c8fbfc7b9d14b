import type { Message } from '@cachemesh/protocol'
import { describe, expect, it } from 'vitest'
import { Beats } from './beats.ts'
import { type CheckOutput, Checks } from './checks.ts'

const FOR_MS = 1_000

/** Attempts of a node, and beats that come back from others at will. */
class Checking {
  readonly beats = new Beats(0)
  readonly checks = new Checks(this.beats)

  /** A round trip with a member; what it leads to. */
  roundTrip(member: string, awake: number): CheckOutput[] {
    this.beats.nextRound()
    const { seq } = this.beats.beat(member, true) as Message & { kind: 'beat' }
    expect(this.beats.receive(member, { kind: 'beat', seq: 1, echo: seq, urgent: false }, awake)).toBe(true)
    return this.checks.proven(member)
  }

  start(member: string, helpers: readonly string[], awake: number): CheckOutput[] {
    return this.checks.start(member, { helpers, awake, forMs: FOR_MS })
  }

  asked(from: string, member: string, awake: number): CheckOutput[] {
    return this.checks.asked(from, member, { awake, forMs: FOR_MS })
  }
}

describe('an attempt to reach a member', () => {
  it('asks for a link, an urgent beat and every helper, and knocks again until its time is over', () => {
    const { checks, ...rest } = new Checking()
    expect(checks.start('m', { helpers: ['x', 'y'], awake: 0, forMs: FOR_MS })).toEqual([
      { kind: 'want', peer: 'm' },
      { kind: 'beat', to: 'm' },
      { kind: 'ask', helper: 'x', member: 'm' },
      { kind: 'ask', helper: 'y', member: 'm' },
    ])
    expect(rest.beats).toBeDefined()
    let knocks = 0
    for (let awake = 1; awake < FOR_MS; awake++) knocks += checks.tick(awake).length / 2
    expect(knocks).toBe(3)
    expect([checks.state('m'), checks.busy, checks.tries('m')]).toEqual(['under way', true, true])
    expect(checks.tick(FOR_MS)).toEqual([])
    expect([checks.state('m'), checks.busy, checks.tries('m')]).toEqual(['unreached', false, false])
  })

  it('is made anew when there is a new link: it had no time to answer over that one', () => {
    const checking = new Checking()
    checking.start('m', [], 0)
    checking.checks.tick(FOR_MS)
    checking.checks.anew('m')
    expect(checking.checks.state('m')).toBeUndefined()
    checking.start('m', [], FOR_MS)
    checking.checks.anew('m')
    expect(checking.checks.state('m')).toBeUndefined()
    checking.start('m', [], FOR_MS)
    checking.roundTrip('m', FOR_MS)
    checking.checks.anew('m')
    expect(checking.checks.state('m')).toBe('reached')
  })

  it('has reached it after a round trip', () => {
    const checking = new Checking()
    checking.start('m', [], 0)
    checking.roundTrip('m', 10)
    expect(checking.checks.state('m')).toBe('reached')
    checking.checks.tick(FOR_MS)
    expect(checking.checks.state('m')).toBe('reached')
  })

  it('has reached it when one of its helpers has, though others and this node have not', () => {
    const { checks } = new Checking()
    checks.start('m', { helpers: ['x', 'y'], awake: 0, forMs: FOR_MS })
    checks.answered('x', 'm', false)
    checks.answered('y', 'm', true)
    checks.tick(FOR_MS)
    expect(checks.state('m')).toBe('reached')
  })

  it('has those helpers as witnesses that tried and failed, and nobody who was not asked', () => {
    const { checks } = new Checking()
    checks.start('m', { helpers: ['x', 'y', 'z'], awake: 0, forMs: FOR_MS })
    checks.answered('x', 'm', false)
    checks.answered('x', 'm', false)
    checks.answered('stranger', 'm', false)
    checks.answered('stranger', 'm', true)
    checks.answered('y', 'other', false)
    checks.tick(FOR_MS)
    expect(checks.state('m')).toBe('unreached')
    expect([...checks.witnesses('m')]).toEqual(['x'])
    expect([...checks.witnesses('nobody')]).toEqual([])
  })

  it('is forgotten after a while', () => {
    const { checks } = new Checking()
    checks.start('m', { helpers: ['x'], awake: 0, forMs: FOR_MS })
    checks.answered('x', 'm', true)
    checks.tick(FOR_MS)
    checks.tick(3 * FOR_MS - 1)
    expect(checks.state('m')).toBe('reached')
    expect(checks.wakeAt).toBe(3 * FOR_MS)
    checks.tick(3 * FOR_MS)
    expect(checks.state('m')).toBeUndefined()
    checks.answered('x', 'm', true)
    expect(checks.state('m')).toBeUndefined()
  })
})

describe('a favour', () => {
  it('is answered at once when the member was heard a moment ago', () => {
    const checking = new Checking()
    checking.roundTrip('m', 5_000)
    expect(checking.asked('x', 'm', 5_999)).toEqual([{ kind: 'tell', to: 'x', member: 'm', reached: true }])
    expect(checking.asked('x', 'm', 6_000)[0]?.kind).toBe('want')
  })

  it('is not answered at once for a member of whom a round trip is only expected', () => {
    const checking = new Checking()
    checking.beats.expect('m', 5_000)
    expect(checking.asked('x', 'm', 5_000)).toEqual([
      { kind: 'want', peer: 'm' },
      { kind: 'beat', to: 'm' },
    ])
  })

  it('is answered to each asker once, with a round trip or when its time is over, before the asker gives up', () => {
    const checking = new Checking()
    const tell = (to: string, reached: boolean) => ({ kind: 'tell', to, member: 'm', reached })
    checking.asked('x', 'm', 0)
    checking.asked('y', 'm', 10)
    checking.asked('x', 'm', 20)
    expect(checking.roundTrip('m', 30)).toEqual([tell('x', true), tell('y', true)])
    expect(checking.roundTrip('m', 40)).toEqual([])
    checking.asked('x', 'm', 5_000)
    const outputs = []
    for (let awake = 5_001; awake < 5_000 + FOR_MS; awake++) outputs.push(...checking.checks.tick(awake))
    expect(outputs.filter(({ kind }) => kind === 'tell')).toEqual([tell('x', false)])
    expect(checking.checks.busy).toBe(false)
  })

  it('does not undo what helpers found out for this node', () => {
    const checking = new Checking()
    checking.start('m', ['x'], 0)
    checking.checks.answered('x', 'm', true)
    checking.checks.tick(FOR_MS)
    // Another one that is cut off from it asks: this node fails, and yet knows that the member lives.
    checking.asked('y', 'm', FOR_MS + 10)
    for (let awake = FOR_MS + 10; awake <= 2 * FOR_MS; awake += 10) checking.checks.tick(awake)
    expect(checking.checks.state('m')).toBe('reached')
  })

  it('is no attempt of this node: nothing follows from its failure', () => {
    const checking = new Checking()
    checking.asked('x', 'm', 0)
    expect([checking.checks.tries('m'), checking.checks.busy]).toEqual([true, true])
    checking.checks.tick(FOR_MS)
    expect(checking.checks.state('m')).toBeUndefined()
    // The asker is not told what helpers say, should this node begin to doubt the member too.
    checking.asked('x', 'm', 2_000)
    checking.start('m', ['y'], 2_000)
    checking.checks.answered('y', 'm', true)
    const told = checking.checks.tick(2_000 + FOR_MS).filter(({ kind }) => kind === 'tell')
    expect(told).toEqual([{ kind: 'tell', to: 'x', member: 'm', reached: false }])
  })
})
