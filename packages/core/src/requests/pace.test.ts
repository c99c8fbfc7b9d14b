import { describe, expect, it } from 'vitest'
import { Random } from '../chance/random.ts'
import { Pace } from './pace.ts'

const DISTRIBUTIONS: Record<string, (u: number) => number> = {
  uniform: u => 100 * u,
  exponential: u => -10 * Math.log(1 - u),
  'with a long tail': u => Math.min(250, 2 / (1 - u)),
}

function answer(pace: Pace, ms: number): void {
  pace.sent(1, 1_000)
  pace.took(1_000 + ms)
}

describe('the pace of a member', () => {
  it.each(Object.entries(DISTRIBUTIONS))('learns where one answer of twenty is late: %s', (_, draw) => {
    const random = new Random(1)
    const pace = new Pace()
    let late = 0
    for (let i = 0; i < 60_000; i++) {
      const ms = draw(random.fraction())
      if (i >= 10_000 && ms > pace.usualMs) late++
      answer(pace, ms)
    }
    expect(late / 50_000).toBeGreaterThan(0.04)
    expect(late / 50_000).toBeLessThan(0.06)
  })

  it('follows one that becomes slow within a score of answers, and one that becomes quick within hundreds', () => {
    const pace = new Pace()
    for (let i = 0; i < 1_000; i++) answer(pace, 1)
    expect(pace.usualMs).toBeLessThan(1.5)
    for (let i = 0; i < 20; i++) answer(pace, 30)
    expect(pace.usualMs).toBeGreaterThan(25)
    for (let i = 0; i < 400; i++) answer(pace, 1)
    expect(pace.usualMs).toBeLessThan(2)
  })

  it('measures one request at a time', () => {
    const pace = new Pace()
    pace.sent(7, 10)
    pace.sent(8, 11)
    expect([pace.measures(7), pace.measures(8)]).toEqual([true, false])
    pace.took(12)
    expect(pace.measures(7)).toBe(false)
    pace.sent(9, 20)
    pace.unmeasure()
    expect(pace.measures(9)).toBe(false)
  })

  it('costs more with each request that is under way', () => {
    const [idle, busy] = [new Pace(), new Pace()]
    busy.open = 9
    expect(busy.costMs).toBeCloseTo(10 * idle.costMs)
  })
})
