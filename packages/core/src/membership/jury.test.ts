import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RULES } from '../limits/limits.ts'
import { configurationOf, memberOf } from '../testing/members.ts'
import { Accusations } from './accusations.ts'
import { Jury } from './jury.ts'
import { Observers } from './observers.ts'

class Court {
  readonly observers = new Observers(RULES)
  readonly accusations = new Accusations(RULES.accusationMs)
  readonly jury = new Jury(RULES, this.observers, this.accusations)
  #round = 0

  constructor(count: number) {
    const ids = Array.from({ length: count }, (_, i) => `n${i}`)
    this.observers.update(configurationOf(...ids.map(id => memberOf(id))))
  }

  accuse(
    accuser: string,
    members: readonly string[],
    { since = 1, hearsay = false, witnesses = [] as string[], at = 0 } = {},
  ): void {
    const charge = { since, incarnation: 1, witnesses, hearsay, unable: false }
    const charges = members.map(member => ({ member, ...charge }))
    this.accusations.receive({ accuser, round: ++this.#round, charges }, at)
    this.jury.heard(charges, at)
  }

  enough(member: string, since = 1): boolean {
    return this.jury.count(member, since).enough
  }
}

describe('a jury', () => {
  // H = floor(K / 2) + 1, and two at least.
  it.each([
    [2, 2],
    [3, 2],
    [4, 2],
    [5, 3],
    [6, 3],
    [9, 5],
    [10, 5],
    [100, 5],
  ])('of a mesh of %i needs exactly %i accusers', (count, needed) => {
    const court = new Court(count)
    const observers = court.observers.of('n0')
    for (const [place, observer] of observers.entries()) {
      expect(court.enough('n0')).toBe(place >= needed)
      court.accuse(observer, ['n0'])
    }
    expect(court.enough('n0')).toBe(observers.length >= needed)
    expect(court.jury.count('n0', 1).others).toEqual([])
  })

  it('never convicts on the word of one, whoever it accuses and however often', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 14 }), fc.integer({ min: 1, max: 9 }), (count, times) => {
        const court = new Court(count)
        const all = [...court.observers.ids]
        for (let i = 0; i < times; i++) court.accuse('n1', all, { witnesses: all.slice(0, 16) })
        for (const id of all)
          expect([court.enough(id), court.accusations.convicted(id, 1)]).toEqual([false, false])
      }),
    )
  })

  it('hears nobody who does not observe the member, and nobody who accuses another claim or has it from hearsay', () => {
    const court = new Court(40)
    const observers = court.observers.of('n0')
    const strangers = [...court.observers.ids].filter(id => id !== 'n0' && !observers.includes(id))
    for (const stranger of strangers) court.accuse(stranger, ['n0'])
    for (const ghost of ['ghost-1', 'ghost-2', 'ghost-3', 'ghost-4', 'ghost-5']) court.accuse(ghost, ['n0'])
    for (const observer of observers.slice(0, 4)) court.accuse(observer, ['n0'])
    court.accuse(observers[4] as string, ['n0'], { since: 2 })
    court.accuse(observers[5] as string, ['n0'], { hearsay: true })
    expect(court.enough('n0')).toBe(false)
    expect(court.jury.count('n0', 1).others).toEqual(observers.slice(4))
    court.accuse(observers[6] as string, ['n0'])
    expect(court.enough('n0')).toBe(true)
  })

  it('counts accusers and those who tried for them as witnesses, each once, and never the member', () => {
    const court = new Court(5)
    court.accuse('n1', ['n0'], { witnesses: ['n2', 'n0'] })
    court.accuse('n2', ['n0'], { witnesses: ['n2', 'n3'] })
    expect(court.jury.count('n0', 1)).toMatchObject({ enough: false, witnesses: 3, others: ['n3', 'n4'] })
  })

  it('remembers whom enough accused, though the accusers are void later', () => {
    const court = new Court(4)
    for (const accuser of ['n1', 'n2']) court.accuse(accuser, ['n0', 'n3'], { at: 100 })
    court.accusations.expire(101 + RULES.accusationMs)
    expect(court.enough('n0')).toBe(false)
    expect([court.accusations.convicted('n0', 1), court.accusations.convicted('n3', 1)]).toEqual([true, true])
    expect(court.accusations.convicted('n0', 2)).toBe(false)
  })
})
