import { type Charge, decodeMessage, encodeMessage, LIMITS, type Word } from '@cachemesh/protocol'
import { describe, expect, it } from 'vitest'
import { Random } from '../chance/random.ts'
import { BOUNDS, TIMES } from '../limits/limits.ts'
import { Rumours } from './rumours.ts'

function chargeOf(member: string): Charge {
  return { member, since: 1, incarnation: 1, witnesses: [], hearsay: true, unable: false }
}

function rumoursOf(peers: number): { rumours: Rumours; linked: Set<string> } {
  const linked = new Set(Array.from({ length: peers }, (_, i) => `p${i}`))
  return { rumours: new Rumours({ self: 'me', linked, random: new Random(1) }), linked }
}

type Told = ReturnType<Rumours['due']>[number]

function wordsOf({ message }: Told): Word[] {
  return [message, ...(message.others ?? [])]
}

/** Whom it is told to; each time after everything before it has long gone out. */
function hearersOf(rumours: Rumours, word: Word, { at, from }: { at: number; from?: string }): string[] {
  rumours.tell(word, { at, ...(from && { from }) })
  return rumours.due(at).map(({ to }) => to)
}

describe('an accusation', () => {
  it('is told to a few peers, other ones each time, and not to who said it or made it', () => {
    const { rumours } = rumoursOf(20)
    const all = new Set<string>()
    const word = { ...rumours.word([chargeOf('m')], 1), accuser: 'p1' }
    for (let i = 1; i <= 50; i++) {
      const told = hearersOf(rumours, word, { at: i * 1_000, from: 'p0' })
      expect(told).toHaveLength(BOUNDS.accusationToldMax)
      for (const to of told) all.add(to)
    }
    expect(all.size).toBe(18)
    expect(all.has('p0') || all.has('p1')).toBe(false)
  })

  it('is always told to those it is about, as far as there is a link', () => {
    const { rumours } = rumoursOf(20)
    const word = rumours.word(['p3', 'p4', 'gone'].map(chargeOf), 1)
    for (let i = 1; i <= 20; i++) {
      const told = hearersOf(rumours, word, { at: i * 1_000 })
      expect(told).toEqual(expect.arrayContaining(['p3', 'p4']))
      expect(told).not.toContain('gone')
    }
  })

  it('that only the accused need hear goes to it also beside one that is for everybody', () => {
    const { rumours } = rumoursOf(20)
    const aimed = { ...chargeOf('p3'), hearsay: false }
    for (let at = 1_000; at <= 50_000; at += 1_000) {
      rumours.tell({ accuser: 'x', round: at, charges: [chargeOf('gone')] }, { at })
      rumours.tell({ accuser: 'y', round: at, charges: [aimed] }, { at, aimed: true })
      const heard = rumours.due(at).filter(({ to }) => to === 'p3')
      expect(heard.flatMap(wordsOf).map(({ accuser }) => accuser)).toContain('y')
    }
  })

  it('of many by hearsay goes to a few of them like to others, which would be to everybody, and to all whom it accuses itself', () => {
    const { rumours } = rumoursOf(60)
    const charges = Array.from({ length: 50 }, (_, i) => chargeOf(`p${i}`))
    const own = { ...chargeOf('p55'), hearsay: false }
    for (let i = 1; i <= 20; i++) {
      const told = hearersOf(rumours, rumours.word([own, ...charges], i), { at: i * 1_000 })
      expect(told).toContain('p55')
      expect(told.length).toBeLessThanOrEqual(BOUNDS.accusationToldMax + 1)
    }
  })

  it('has a number that grows, also from one life of its accuser to the next', () => {
    const { rumours } = rumoursOf(1)
    const rounds = [5_000, 5_000, 4_000, 9_000].map(wall => rumours.word([], wall).round)
    expect(rounds).toEqual([5_000, 5_001, 5_002, 9_000])
  })

  it('of more members than one message holds is several, each with what this node accuses itself', () => {
    const { rumours } = rumoursOf(1)
    const charges = Array.from({ length: 2 * LIMITS.chargesMax }, (_, i) => chargeOf(`n${i}`))
    const own = { ...chargeOf('own'), hearsay: false }
    for (const word of rumours.hearsay(charges, [own], 5)) rumours.tell(word, { at: 0 })
    const told = new Set<string>()
    const rounds: number[] = []
    for (const { message } of rumours.due(0)) {
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

describe('many accusations', () => {
  const real = (member: string): Charge => ({ ...chargeOf(member), hearsay: false })

  it('go out at once while they are few, and in a storm all those of a moment together', () => {
    const { rumours } = rumoursOf(10)
    const batches: number[] = []
    let messages = 0
    for (let at = 0; at < 1_000; at++) {
      rumours.tell({ accuser: `a${at}`, round: 1, charges: [real('m')] }, { at })
      const told = rumours.due(at)
      if (told.length === 0) continue
      batches.push(at)
      messages += told.length
      expect(told.every(it => wordsOf(it).length === wordsOf(told[0] as Told).length)).toBe(true)
    }
    expect(batches.slice(0, BOUNDS.rumourBurst)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    const gathered = batches.slice(BOUNDS.rumourBurst)
    for (const [i, at] of gathered.slice(1).entries())
      expect(at - (gathered[i] as number)).toBe(TIMES.rumourMs)
    expect(messages).toBe(batches.length * BOUNDS.accusationToldMax)
    expect(rumours.dueAt).toBeLessThanOrEqual(1_000 + TIMES.rumourMs)
  })

  it('are one for each accuser, its last, and none for its own accuser or for who said it', () => {
    const { rumours } = rumoursOf(3)
    for (let round = 1; round <= 5; round++)
      for (const accuser of ['p0', 'p1', 'x'])
        rumours.tell({ accuser, round, charges: [real('m')] }, { at: 0, from: 'p2' })
    const told = new Map(rumours.due(0).map(it => [it.to, wordsOf(it)]))
    expect([...told.keys()].sort()).toEqual(['p0', 'p1'])
    expect(told.get('p0')?.map(({ accuser, round }) => [accuser, round])).toEqual([
      ['p1', 5],
      ['x', 5],
    ])
    expect(rumours.due(10_000)).toEqual([])
  })

  it('are told twice when they shall be, to other peers a little later', () => {
    const { rumours } = rumoursOf(40)
    rumours.tell({ accuser: 'x', round: 1, charges: [real('m')] }, { at: 0, twice: true })
    const first = rumours.due(0).map(({ to }) => to)
    expect(rumours.dueAt).toBe(TIMES.rumourMs)
    const second = rumours.due(TIMES.rumourMs).map(({ to }) => to)
    expect(new Set([...first, ...second]).size).toBeGreaterThan(BOUNDS.accusationToldMax)
    expect([second.length, rumours.dueAt]).toEqual([BOUNDS.accusationToldMax, Number.POSITIVE_INFINITY])
  })

  it('tell the accused those words that are about it', () => {
    const { rumours } = rumoursOf(40)
    for (const accuser of ['x', 'y']) rumours.tell({ accuser, round: 1, charges: [real('m')] }, { at: 0 })
    rumours.tell({ accuser: 'z', round: 1, charges: [real('p7'), real('m')] }, { at: 0 })
    const told = rumours.due(0)
    expect(told.length - BOUNDS.accusationToldMax).toBeLessThanOrEqual(1)
    const words = wordsOf(told.find(({ to }) => to === 'p7') as Told)
    expect(words.some(({ accuser }) => accuser === 'z')).toBe(true)
  })

  it('do not pile up, and no message of them is larger than a frame that lets others pass', () => {
    const { rumours } = rumoursOf(1)
    const charges = Array.from({ length: 40 }, (_, i) =>
      real(`12D3KooW-a-member-with-an-id-of-52-characters--${i}`),
    )
    for (let i = 0; i < 2 * BOUNDS.rumoursMax; i++)
      rumours.tell({ accuser: `a${i}`, round: 1, charges }, { at: 0 })
    const told = rumours.due(0)
    expect(told.flatMap(wordsOf)).toHaveLength(BOUNDS.rumoursMax)
    for (const { message } of told)
      expect(encodeMessage(message).body.length).toBeLessThan(LIMITS.smallFrameBytesMax)
  })
})
