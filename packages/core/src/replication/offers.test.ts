import { expect, it } from 'vitest'
import { TIMES } from '../limits/limits.ts'
import { Placement } from '../placement/placement.ts'
import { Store } from '../store/store.ts'
import { Holdings } from './holdings.ts'
import { Offers } from './offers.ts'

it('asks for a link to whom it owes something again and again, until there is one', () => {
  const linked = new Set<string>()
  const offers = new Offers(new Holdings(new Store(1_048_576), new Placement('me')), linked, 0)
  const kinds = (outputs: readonly { readonly kind: string }[]): string[] => outputs.map(({ kind }) => kind)
  expect(kinds(offers.make({ peer: 'b', entries: 1, routine: false, since: 0 }, 0))).toEqual(['want'])
  const tick = (now: number): string[] => kinds(offers.tick(now, () => true))
  expect([1, 2, 3].map(times => tick(times * TIMES.transferRetryMs))).toEqual([['want'], ['want'], ['want']])
  expect(offers.wakeAt).toBe(4 * TIMES.transferRetryMs)
  linked.add('b')
  expect(tick(4 * TIMES.transferRetryMs)).toEqual(['send'])
  // Nobody needs a link for what there is nothing of.
  expect(offers.make({ peer: 'c', entries: 0, routine: false, since: 0 }, 0)).toEqual([])
})
