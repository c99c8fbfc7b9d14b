import type { Accusation, Charge } from '@cachemesh/protocol'
import { describe, expect, it } from 'vitest'
import { Accusations } from './accusations.ts'

const VALID_MS = 3_500

function chargeOf(member: string, fields: Partial<Charge> = {}): Charge {
  return { member, since: 1, incarnation: 1, witnesses: [], hearsay: false, unable: false, ...fields }
}

function accusationOf(accuser: string, round: number, ...charges: readonly Charge[]): Accusation {
  return { kind: 'accusation', accuser, round, charges }
}

describe('accusations', () => {
  it('count once, and for the very claim that they name', () => {
    const accusations = new Accusations(VALID_MS)
    const accusation = accusationOf('a', 1, chargeOf('m', { since: 7 }))
    expect(accusations.receive(accusation, 0)).toBe(true)
    // It comes over many links.
    expect(accusations.receive(accusation, 1)).toBe(false)
    expect([...accusations.against('m', 7).keys()]).toEqual(['a'])
    expect([...accusations.against('m', 8).keys()]).toEqual([])
    expect([...accusations.against('m', 6).keys()]).toEqual([])
    expect([accusations.names('m'), accusations.names('x')]).toEqual([true, false])
  })

  it('are the last word of their accuser: it replaces the one before, and an older one is none', () => {
    const accusations = new Accusations(VALID_MS)
    accusations.receive(accusationOf('a', 5, chargeOf('m'), chargeOf('n')), 0)
    accusations.receive(accusationOf('a', 6, chargeOf('n')), 1)
    expect(accusations.receive(accusationOf('a', 5, chargeOf('m')), 2)).toBe(false)
    expect([accusations.names('m'), accusations.names('n')]).toEqual([false, true])
    accusations.receive(accusationOf('a', 7), 3)
    expect(accusations.names('n')).toBe(false)
  })

  it('do not count when their accuser has only heard that somebody was removed', () => {
    const accusations = new Accusations(VALID_MS)
    const hearsay = chargeOf('m', { hearsay: true })
    expect(accusations.receive(accusationOf('a', 1, hearsay, chargeOf('n')), 0)).toBe(true)
    expect([accusations.names('m'), accusations.names('n')]).toEqual([false, true])
    expect(accusations.claims).toEqual(new Map([['n', 1]]))
  })

  it('are void when they are not repeated', () => {
    const accusations = new Accusations(VALID_MS)
    accusations.receive(accusationOf('a', 1, chargeOf('m')), 0)
    accusations.receive(accusationOf('b', 1, chargeOf('m')), 0)
    accusations.receive(accusationOf('b', 2, chargeOf('m')), 1_000)
    accusations.expire(VALID_MS)
    expect(accusations.against('m', 1).size).toBe(2)
    accusations.expire(VALID_MS + 1)
    expect([...accusations.against('m', 1).keys()]).toEqual(['b'])
    // A restarted accuser whose clock was put back is heard again when its old word is void.
    expect(accusations.receive(accusationOf('a', 0, chargeOf('m')), VALID_MS + 1)).toBe(true)
    accusations.expire(VALID_MS * 9)
    expect(accusations.size).toBe(0)
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
