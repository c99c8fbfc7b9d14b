import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chooseGifts } from './choice.ts'
import type { HotArc } from './watch.ts'

/** An arc that ends at a position, with what is asked for in each of its parts, ten positions apart. */
function arcOf(end: number, ...rates: readonly number[]): HotArc {
  let perSecond = 0
  const parts = rates.map((rate, i) => {
    perSecond += rate
    return { end: end - 10 * (rates.length - 1 - i), perSecond }
  })
  return { end, perSecond, parts }
}

describe('what a node gives away', () => {
  it('is never more than may go, and the hottest that fits', () => {
    const rates = fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 5 })
    const arcs = fc
      .array(rates, { maxLength: 20 })
      .map(all =>
        all.map((some, i) => arcOf(1_000 * (i + 1), ...some)).sort((a, b) => b.perSecond - a.perSecond),
      )
    fc.assert(
      fc.property(arcs, fc.integer({ min: 1, max: 3_000 }), (hot, max) => {
        const gifts = chooseGifts(hot, { max, gap: 2 * max })
        const given = gifts.filter(({ shared }) => !shared)
        expect(given.reduce((sum, { perSecond }) => sum + perSecond, 0)).toBeLessThanOrEqual(max)
        const whole = hot.find(({ perSecond }) => perSecond <= max)
        if (whole !== undefined && whole === hot[0] && whole.perSecond >= max / 20)
          expect(gifts[0]?.position).toBe(whole.end)
      }),
    )
  })

  it('is a part of an arc that is too hot, from its beginning or to its end', () => {
    expect(chooseGifts([arcOf(1_000, 40, 100)], { max: 50, gap: 100 })).toEqual([
      { position: 990, shared: false, perSecond: 40 },
    ])
    expect(chooseGifts([arcOf(1_000, 100, 40)], { max: 50, gap: 100 })).toEqual([
      { position: 1_000, shared: false, perSecond: 40, after: 990 },
    ])
  })

  it('is shared when it is one key, unless that makes the other the hotter of the two', () => {
    expect(chooseGifts([arcOf(1_000, 100)], { max: 40, gap: 80 })).toEqual([
      { position: 1_000, shared: true, perSecond: 50 },
    ])
    expect(chooseGifts([arcOf(1_000, 100)], { max: 40, gap: 50 })).toEqual([])
  })
})
