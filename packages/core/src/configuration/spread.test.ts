import { author, Configuration, deltaTo, memberRecord, summaryOf } from '@cachemesh/protocol'
import { describe, expect, it } from 'vitest'
import { TIMES } from '../limits/limits.ts'
import { holding } from '../testing/exchange.ts'
import { configurationOf, MESH, memberOf } from '../testing/members.ts'

const EMPTY = Configuration.empty(MESH)

describe('what spreads', () => {
  it('gathers what it joins for as long as the mesh is large, and leaves it to whoever has announced it', () => {
    const members = Array.from({ length: 100 }, (_, index) => memberOf(`m${index}`))
    const mesh = configurationOf(...members)
    const { exchange, ledger } = holding(mesh, 'p')
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
