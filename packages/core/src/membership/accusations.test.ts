import type { Charge, Word } from '@cachemesh/protocol'
import { describe, expect, it } from 'vitest'
import { Accusations } from './accusations.ts'

const VALID_MS = 3_500

function chargeOf(member: string, fields: Partial<Charge> = {}): Charge {
  return { member, since: 1, incarnation: 1, witnesses: [], hearsay: false, unable: false, ...fields }
}

function wordOf(accuser: string, round: number, ...charges: readonly Charge[]): Word {
  return { accuser, round, charges }
}

describe('accusations', () => {
  it('count once, and for the very claim that they name', () => {
    const accusations = new Accusations(VALID_MS)
    const word = wordOf('a', 1, chargeOf('m', { since: 7 }))
    expect(accusations.receive(word, 0)).toBe('news')
    // It comes over many links.
    expect(accusations.receive(word, 1)).toBe('known')
    expect([...accusations.against('m')]).toEqual([['a', word.charges[0]]])
    expect([...accusations.against('a')]).toEqual([])
    expect([accusations.names('m'), accusations.names('x')]).toEqual([true, false])
  })

  it('are the last word of their accuser: it replaces the one before, and an older one is none', () => {
    const accusations = new Accusations(VALID_MS)
    accusations.receive(wordOf('a', 5, chargeOf('m'), chargeOf('n')), 0)
    accusations.receive(wordOf('a', 6, chargeOf('n')), 1)
    expect(accusations.receive(wordOf('a', 5, chargeOf('m')), 2)).toBe('known')
    expect([accusations.names('m'), accusations.names('n')]).toEqual([false, true])
    accusations.receive(wordOf('a', 7), 3)
    expect(accusations.names('n')).toBe(false)
  })

  it('do not count when their accuser has only heard that somebody was removed', () => {
    const accusations = new Accusations(VALID_MS)
    const hearsay = chargeOf('m', { hearsay: true })
    expect(accusations.receive(wordOf('a', 1, hearsay, chargeOf('n')), 0)).toBe('news')
    expect([accusations.names('m'), accusations.names('n')]).toEqual([false, true])
    expect(accusations.against('m').size).toBe(0)
  })

  it('are news when they name a claim that their accuser did not accuse before, or in another way', () => {
    const accusations = new Accusations(VALID_MS)
    const charges = [
      [chargeOf('m')],
      [chargeOf('m'), chargeOf('n')],
      [chargeOf('m', { since: 2 }), chargeOf('n')],
      [chargeOf('m', { since: 2 }), chargeOf('n', { unable: true })],
    ]
    for (const [round, said] of charges.entries())
      expect(accusations.receive(wordOf('a', round, ...said), round)).toBe('news')
    expect(accusations.receive(wordOf('b', 1, chargeOf('m', { since: 2 })), 5)).toBe('news')
    expect(accusations.receive(wordOf('a', 9, chargeOf('m', { since: 2 })), 6)).toBe('repeated')
  })

  it('that say the same again are passed on when those who missed that would soon forget it', () => {
    const accusations = new Accusations(VALID_MS)
    const heard: string[] = []
    for (let round = 0; round <= 5; round++)
      heard.push(accusations.receive(wordOf('a', round, chargeOf('m')), round * 1_000))
    expect(heard).toEqual(['news', 'repeated', 'again', 'repeated', 'again', 'repeated'])
  })

  it('that are hearsay are news once for each claim, whoever says so, until that is forgotten', () => {
    const accusations = new Accusations(VALID_MS)
    const hearsay = chargeOf('m', { hearsay: true })
    const other = chargeOf('n', { hearsay: true })
    accusations.receive(wordOf('a', 1, hearsay), 0)
    accusations.receive(wordOf('b', 1, chargeOf('x')), 0)
    expect(accusations.receive(wordOf('b', 2, chargeOf('x'), hearsay), 1)).toBe('repeated')
    // Many say so for themselves when somebody removes many: none of them is passed on.
    expect(accusations.receive(wordOf('c', 1, hearsay), 1)).toBe('known')
    expect(accusations.receive(wordOf('d', 1, chargeOf('x'), hearsay), 1)).toBe('news')
    expect(accusations.hearOf([hearsay, other], 2)).toEqual([other])
    expect(accusations.hearOf([{ ...hearsay, since: 2 }], 3)).toHaveLength(1)
    accusations.expire(VALID_MS + 1)
    expect(accusations.hearOf([hearsay, other], VALID_MS + 1)).toEqual([hearsay])
  })

  it('are void when they are not repeated', () => {
    const accusations = new Accusations(VALID_MS)
    accusations.receive(wordOf('a', 1, chargeOf('m')), 0)
    accusations.receive(wordOf('b', 1, chargeOf('m')), 0)
    accusations.receive(wordOf('b', 2, chargeOf('m')), 1_000)
    accusations.expire(VALID_MS)
    expect(accusations.against('m').size).toBe(2)
    accusations.expire(VALID_MS + 1)
    expect([...accusations.against('m').keys()]).toEqual(['b'])
    // A restarted accuser whose clock was put back is heard again when its old word is void.
    expect(accusations.receive(wordOf('a', 0, chargeOf('m')), VALID_MS + 1)).toBe('news')
    accusations.expire(VALID_MS * 9)
    expect([accusations.size, accusations.names('m'), accusations.expireAt]).toEqual([
      0,
      false,
      Number.POSITIVE_INFINITY,
    ])
  })

  it('that convicted a claim are remembered for a while, for this claim alone', () => {
    const accusations = new Accusations(VALID_MS)
    accusations.convict('m', 7, 10_000)
    accusations.expire(10_000)
    expect([accusations.convicted('m', 7), accusations.convicted('m', 8)]).toEqual([true, false])
    expect(accusations.convicted('n', 7)).toBe(false)
    accusations.expire(10_001)
    expect(accusations.convicted('m', 7)).toBe(false)
  })
})
