import { author, Configuration, deltaTo, memberRecord, summaryOf } from '@cachemesh/protocol'
import { describe, expect, it } from 'vitest'
import { Random } from '../chance/random.ts'
import { TIMES } from '../limits/limits.ts'
import { holding } from '../testing/exchange.ts'
import { configurationOf, MESH, memberOf } from '../testing/members.ts'
import { Listeners } from './listeners.ts'
import { Spread } from './spread.ts'

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

  it('is told since what was held here and since the last that most hold elsewhere, and since few in all', () => {
    const members = Array.from({ length: 10 }, (_, index) => memberOf(`m${index}`))
    const mine = configurationOf(...members)
    const theirs = [mine]
    for (let incarnation = 1; incarnation <= 20; incarnation++)
      theirs.push(author(theirs.at(-1) as Configuration, [memberRecord(memberOf('x', { incarnation }))], 1))
    const late = configurationOf(memberOf('late'))
    const joined = author(theirs.at(-1) as Configuration, [memberRecord(memberOf('late'))], 1)
    const spread = new Spread({
      current: () => joined,
      listeners: new Listeners(new Set(), new Random(1)),
      heldBy: () => undefined,
    })
    spread.merged([...theirs.slice(1), late], mine)
    const bases = spread.due(1, false).flatMap(it => (it.kind === 'announce' ? it.delta.base : []))
    const [before, last] = [theirs.at(-2) as Configuration, theirs.at(-1) as Configuration]
    expect(bases).toEqual([last, before, mine].map(({ version }) => version.digest))
  })
})
