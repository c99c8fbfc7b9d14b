import { author, Configuration, deltaTo, memberRecord, summaryOf } from '@cachemesh/protocol'
import { describe, expect, it } from 'vitest'
import { Random } from '../chance/random.ts'
import { RULES, TIMES } from '../limits/limits.ts'
import { configurationOf, MESH, memberOf } from '../testing/members.ts'
import { Exchange } from './exchange.ts'
import { Hold } from './hold.ts'
import { Ledger } from './ledger.ts'

const EMPTY = Configuration.empty(MESH)

/** An exchange that holds a document, linked to one peer. */
function holding(document: Configuration) {
  const ledger = new Ledger(document)
  const exchange = new Exchange({
    ledger,
    linked: new Set(['p']),
    random: new Random(1),
    hold: new Hold(0, () => true),
    antiEntropyMs: RULES.antiEntropyMs,
    now: 1,
  })
  return { ledger, exchange }
}

describe('what spreads', () => {
  it('gathers what it joins for as long as the mesh is large, and leaves it to whoever has announced it', () => {
    const members = Array.from({ length: 100 }, (_, index) => memberOf(`m${index}`))
    const mesh = configurationOf(...members)
    const { exchange, ledger } = holding(mesh)
    let held = mesh
    const announced: number[] = []
    for (let now = 1; now <= 2_000; now++) {
      // What this node writes it has announced already; theirs is without it, so each join is new.
      if (now === 1) ledger.author([memberRecord(memberOf('x'))], 1)
      held = author(held, [memberRecord(memberOf('y', { incarnation: now }))], now)
      exchange.receive('p', { kind: 'delta', delta: deltaTo(held, summaryOf(EMPTY)) }, now)
      for (const { kind } of exchange.spread(now)) if (kind === 'announce') announced.push(now)
    }
    const times = [...new Set(announced)]
    expect(times[0]).toBe(1)
    expect(times.length).toBeLessThanOrEqual(1 + 2_000 / (101 * TIMES.joinedEachMs))
    expect(exchange.wakeAt).toBeLessThan(2_000 + 102 * TIMES.joinedEachMs)
    exchange.announced('p', deltaTo(ledger.current, summaryOf(mesh)), 2_000)
    expect(exchange.spread(10_000).map(({ kind }) => kind)).not.toContain('announce')
  })
})
