import { type Charge, decodeMessage, encodeMessage, LIMITS } from '@cachemesh/protocol'
import { describe, expect, it } from 'vitest'
import { Random } from '../chance/random.ts'
import { BOUNDS } from '../limits/limits.ts'
import { Rumours } from './rumours.ts'

function chargeOf(member: string): Charge {
  return { member, since: 1, incarnation: 1, witnesses: [], hearsay: true, unable: false }
}

function rumoursOf(peers: number): { rumours: Rumours; linked: Set<string> } {
  const linked = new Set(Array.from({ length: peers }, (_, i) => `p${i}`))
  return { rumours: new Rumours({ self: 'me', linked, random: new Random(1) }), linked }
}

describe('an accusation', () => {
  it('is told to a few peers, other ones each time, and not to who said it or made it', () => {
    const { rumours } = rumoursOf(20)
    const all = new Set<string>()
    const accusation = { ...rumours.accusation([chargeOf('m')], 1), accuser: 'p1' }
    for (let i = 0; i < 50; i++) {
      const told = rumours.tell(accusation, 'p0').map(({ to }) => to)
      expect(told).toHaveLength(BOUNDS.accusationToldMax)
      for (const to of told) all.add(to)
    }
    expect(all.size).toBe(18)
    expect(all.has('p0') || all.has('p1')).toBe(false)
  })

  it('is always told to those it is about, as far as there is a link', () => {
    const { rumours } = rumoursOf(20)
    const accusation = rumours.accusation(['p3', 'p4', 'gone'].map(chargeOf), 1)
    for (let i = 0; i < 20; i++) {
      const told = rumours.tell(accusation).map(({ to }) => to)
      expect(told).toEqual(expect.arrayContaining(['p3', 'p4']))
      expect(told).not.toContain('gone')
    }
  })

  it('has a number that grows, also from one life of its accuser to the next', () => {
    const { rumours } = rumoursOf(1)
    const rounds = [5_000, 5_000, 4_000, 9_000].map(wall => rumours.accusation([], wall).round)
    expect(rounds).toEqual([5_000, 5_001, 5_002, 9_000])
  })

  it('of more members than one message holds is several, each with what this node accuses itself', () => {
    const { rumours } = rumoursOf(1)
    const charges = Array.from({ length: 2 * LIMITS.chargesMax }, (_, i) => chargeOf(`n${i}`))
    const own = { ...chargeOf('own'), hearsay: false }
    const told = new Set<string>()
    const rounds: number[] = []
    for (const { message } of rumours.hearsay(charges, [own], 5)) {
      const read = decodeMessage(39, encodeMessage(message).body)
      if (read.kind !== 'accusation') throw new Error(read.kind)
      expect(read.charges[0]).toEqual(own)
      for (const { member } of read.charges) told.add(member)
      rounds.push(read.round)
    }
    expect(told.size).toBe(charges.length + 1)
    expect(rounds).toEqual([5, 6, 7])
    expect(rumours.hearsay([], [own], 9)).toEqual([])
  })
})
