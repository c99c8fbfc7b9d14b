import {
  author,
  Configuration,
  type Delta,
  deltaTo,
  type Message,
  memberRecord,
  summaryOf,
  tombstone,
} from '@cachemesh/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Random } from '../chance/random.ts'
import { BOUNDS, RULES, TIMES } from '../limits/limits.ts'
import { holding } from '../testing/exchange.ts'
import { configurationOf, MESH, memberOf } from '../testing/members.ts'
import { Exchange, type ExchangeOutput } from './exchange.ts'
import { Hold } from './hold.ts'
import { Ledger } from './ledger.ts'

type OnTheWay = { from: number; to: number } & ({ message: Message } | { delta: Delta })

/** Some nodes, all linked with each other, and the messages between them, delivered by hand. */
class Mesh {
  now = 1
  readonly way: OnTheWay[] = []
  readonly ledgers: Ledger[]
  readonly exchanges: Exchange[]

  constructor(documents: readonly Configuration[], holdMs = 0) {
    const ids = documents.map((_, index) => String(index))
    this.ledgers = documents.map(document => new Ledger(document))
    this.exchanges = this.ledgers.map((ledger, index) => {
      const linked = new Set(ids.filter(id => id !== String(index)))
      return new Exchange({
        ledger,
        linked,
        random: new Random(index),
        hold: new Hold(holdMs, () => holdMs === 0),
        antiEntropyMs: RULES.antiEntropyMs,
        now: this.now,
      })
    })
  }

  linkAll(): void {
    this.exchanges.forEach((exchange, index) => {
      this.exchanges.forEach((_, peer) => {
        if (peer !== index) this.carry(index, exchange.linkUp(String(peer), this.now))
      })
    })
  }

  author(index: number, incarnation: number): void {
    const ledger = this.ledgers[index]!
    const before = ledger.current
    if (ledger.author([memberRecord(memberOf(`member ${index}`.replace(' ', '-'), { incarnation }))], 1)) {
      this.exchanges[index]!.announce(before)
      this.carry(index, [])
    }
  }

  /** Carries out what a step of this node answered, and what it spreads at its end. */
  carry(from: number, answers: readonly ExchangeOutput[]): void {
    for (const output of [...answers, ...this.exchanges[from]!.spread(this.now, true)]) {
      if (output.kind === 'send') this.way.push({ from, to: Number(output.to), message: output.message })
      else if (output.kind === 'announce')
        this.exchanges.forEach((_, to) => {
          if (to !== from) this.way.push({ from, to, delta: output.delta })
        })
    }
  }

  deliver(place: number, keep = false): void {
    const [item] = keep ? this.way.slice(place, place + 1) : this.way.splice(place, 1)
    if (item === undefined) return
    const exchange = this.exchanges[item.to]!
    const from = String(item.from)
    const outputs =
      'delta' in item
        ? exchange.announced(from, item.delta, this.now)
        : exchange.receive(from, item.message, this.now)
    this.carry(item.to, outputs)
  }

  tick(ms: number): void {
    this.now += ms
    this.exchanges.forEach((exchange, index) => {
      this.carry(index, exchange.tick(this.now))
    })
  }

  /** Delivers everything in order; throws when messages beget messages without end. */
  settle(): number {
    let delivered = 0
    while (this.way.length > 0) {
      if (++delivered > 20_000) throw new Error('Messages never end')
      this.deliver(0)
    }
    return delivered
  }

  get versions(): readonly object[] {
    return this.ledgers.map(ledger => ledger.current.version)
  }

  get agreed(): boolean {
    return new Set(this.versions.map(version => JSON.stringify(version))).size === 1
  }
}

const EMPTY = Configuration.empty(MESH)

it('a document that waits to be joined is told and answered once, not for as long as it waits', () => {
  const whole = configurationOf(memberOf('a'), memberOf('b'), memberOf('c'))
  const removed = (id: string): Configuration =>
    author(whole, [memberRecord(tombstone(memberOf(id), 'removed'))], 2)
  const mesh = new Mesh([removed('a'), removed('b'), whole], 2_000)
  mesh.linkAll()
  expect(mesh.settle()).toBeLessThan(40)
  expect(mesh.agreed).toBe(false)
  for (let time = 0; time < 3; time++) {
    mesh.tick(2_000)
    mesh.settle()
  }
  expect(mesh.agreed).toBe(true)
})

function kindsOf(outputs: readonly ExchangeOutput[]): string[] {
  return outputs.map(output =>
    output.kind === 'send' ? `${output.message.kind} to ${output.to}` : output.kind,
  )
}

describe('nodes that exchange configurations', () => {
  it('end with one, whatever is lost, repeated or reordered, and then have nothing to say', () => {
    const anyAct = fc.oneof(
      fc.record({ act: fc.constant('author' as const), node: fc.nat(3) }),
      fc.record({ act: fc.constant('deliver' as const), place: fc.nat(30) }),
      fc.record({ act: fc.constant('repeat' as const), place: fc.nat(30) }),
      fc.record({ act: fc.constant('lose' as const), place: fc.nat(30) }),
      fc.record({ act: fc.constant('tick' as const), ms: fc.nat(2_000) }),
    )
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 4 }), fc.array(anyAct, { maxLength: 60 }), (nodes, acts) => {
        const mesh = new Mesh(new Array<Configuration>(nodes).fill(EMPTY))
        mesh.linkAll()
        let incarnation = 1
        for (const act of acts) {
          const before = mesh.ledgers.map(({ current }) => current.version)
          if (act.act === 'author') mesh.author(act.node % nodes, incarnation++)
          else if (act.act === 'tick') mesh.tick(act.ms)
          else if (act.act === 'lose') mesh.way.splice(act.place % Math.max(1, mesh.way.length), 1)
          else mesh.deliver(act.place % Math.max(1, mesh.way.length), act.act === 'repeat')
          mesh.ledgers.forEach(({ current: { version } }, index) => {
            const old = before[index]!
            expect(version.serial).toBeGreaterThanOrEqual(old.serial)
            if (version.digest !== old.digest) expect(version.serial).toBeGreaterThan(old.serial)
            expect(version.serial).toBeLessThan(incarnation)
          })
        }
        mesh.settle()
        for (let i = 0; i < 40 && !mesh.agreed; i++) {
          mesh.tick(1_000)
          mesh.settle()
        }
        expect(mesh.versions).toEqual(new Array(nodes).fill(mesh.versions[0]))
        // Pulls that were lost are asked once more.
        mesh.tick(TIMES.pullTimeoutMs)
        mesh.settle()
        for (let i = 0; i < 20; i++) {
          mesh.tick(1_000)
          for (const item of mesh.way) expect(item).toMatchObject({ message: { kind: 'version' } })
          expect(mesh.settle()).toBeLessThanOrEqual(nodes)
        }
      }),
      { numRuns: 150 },
    )
  })

  it('tell each other by three messages when one is behind, and by two when they agree', () => {
    const newer = configurationOf(memberOf('a'))
    const behind = new Mesh([newer, EMPTY])
    behind.carry(1, behind.exchanges[1]!.linkUp('0', 1))
    // Pull, delta, and the word that it arrived.
    expect(behind.settle()).toBe(3)
    expect(behind.agreed).toBe(true)
    const equal = new Mesh([newer, newer])
    equal.carry(1, equal.exchanges[1]!.linkUp('0', 1))
    expect(equal.settle()).toBe(2)
  })

  it('catch up in one exchange with one that slept through more changes than anybody remembers', () => {
    const mesh = new Mesh([EMPTY, EMPTY])
    for (let incarnation = 1; incarnation <= 10_000; incarnation++) {
      mesh.ledgers[0]!.author([memberRecord(memberOf('a', { incarnation }))], 1)
    }
    mesh.ledgers[1]!.author([memberRecord(memberOf('b'))], 1)
    mesh.carry(1, mesh.exchanges[1]!.linkUp('0', 1))
    expect(mesh.settle()).toBeLessThan(12)
    expect(mesh.agreed).toBe(true)
    expect(mesh.ledgers[1]!.current.version.serial).toBe(10_001)
  })
})

describe('an exchange', () => {
  const one = configurationOf(memberOf('a'))
  const two = configurationOf(memberOf('a'), memberOf('b'))

  it('pulls when a delta is relative to something unknown, once until the answer is late', () => {
    const { exchange } = holding(EMPTY, 'p')
    const unknown = deltaTo(two, summaryOf(one))
    expect(kindsOf(exchange.receive('p', { kind: 'delta', delta: unknown }, 1))).toEqual(['pull to p'])
    expect(kindsOf(exchange.receive('p', { kind: 'delta', delta: unknown }, 2))).toEqual([])
    expect(exchange.wakeAt).toBeLessThanOrEqual(1 + TIMES.pullTimeoutMs)
    expect(kindsOf(exchange.tick(TIMES.pullTimeoutMs))).toEqual([])
    expect(kindsOf(exchange.tick(1 + TIMES.pullTimeoutMs))).toEqual(['pull to p'])
    expect(kindsOf(exchange.tick(2 + TIMES.pullTimeoutMs))).toEqual([])
  })

  it('does not ask again when it was answered, or when the link is down', () => {
    for (const end of ['answered', 'down']) {
      const { exchange } = holding(EMPTY, 'p')
      exchange.linkUp('p', 1)
      const answer: Message = { kind: 'delta', delta: deltaTo(one, summaryOf(EMPTY)) }
      if (end === 'answered') exchange.receive('p', answer, 2)
      else exchange.linkDown('p')
      const soon = exchange.tick(1 + TIMES.pullTimeoutMs)
      expect(kindsOf(soon).filter(kind => kind.startsWith('pull'))).toEqual([])
    }
  })

  it('names those whose removal it hears of when it holds a later claim of theirs, told or announced', () => {
    const since = configurationOf(memberOf('a', { incarnation: 2 }))
    const gone = memberRecord(tombstone(memberOf('a'), 'removed'))
    const removed = author(configurationOf(memberOf('a')), [gone], 1)
    const delta = deltaTo(removed, summaryOf(EMPTY))
    const told = holding(since, 'p').exchange.receive('p', { kind: 'delta', delta }, 1)
    const announced = holding(since, 'p').exchange.announced('p', delta, 1)
    for (const outputs of [told, announced]) {
      const overtaken = outputs.filter(({ kind }) => kind === 'overtaken')
      expect(overtaken).toMatchObject([{ members: [{ id: 'a', state: 'removed', incarnation: 1 }] }])
    }
  })

  it('asks nobody to whom there is no link', () => {
    const { exchange } = holding(EMPTY)
    expect(exchange.announced('gossip', deltaTo(two, summaryOf(one)), 1)).toEqual([])
  })

  it('compares with a random peer now and then, and with nobody when it is alone', () => {
    const { exchange } = holding(one, 'p', 'q', 'r')
    const told = new Set<string>()
    let comparisons = 0
    for (let now = 1; now < 200_000; now += 500) {
      for (const kind of kindsOf(exchange.tick(now))) {
        comparisons++
        told.add(kind)
      }
    }
    expect([...told].sort()).toEqual(['version to p', 'version to q', 'version to r'])
    // Between half the interval and all of it, as far as ticks of 500 ms can tell.
    expect(comparisons).toBeGreaterThan(200_000 / (RULES.antiEntropyMs + 500))
    expect(comparisons).toBeLessThan(200_000 / (RULES.antiEntropyMs / 2 - 1))
    expect(holding(one).exchange.tick(10_000)).toEqual([])
  })

  it('answers a stamp by what it knows of the document: nothing, the news, or a pull', () => {
    const { exchange, ledger } = holding(one, 'p')
    const prefixOf = ({ version }: Configuration): number => Number.parseInt(version.digest.slice(0, 8), 16)
    expect(exchange.stamped('p', prefixOf(one), 1)).toEqual([])
    // It may be on its way.
    expect(exchange.stamped('p', prefixOf(two), 1)).toEqual([])
    expect(exchange.wakeAt).toBe(1 + TIMES.newsMs)
    expect(kindsOf(exchange.tick(TIMES.newsMs))).toEqual([])
    expect(kindsOf(exchange.tick(1 + TIMES.newsMs))).toEqual(['pull to p'])
    ledger.author([memberRecord(memberOf('b'))], 1)
    exchange.spread(1)
    const update = (now: number): string[] => kindsOf(exchange.stamped('p', prefixOf(one), now))
    // It was sent before its sender could hear of this.
    expect(update(TIMES.newsMs)).toEqual([])
    expect(update(1 + TIMES.newsMs)).toEqual(['delta to p'])
    // It says the same in every frame until it has read that.
    expect([update(2 + TIMES.newsMs), update(TIMES.newsMs + TIMES.updateMs)]).toEqual([[], []])
    expect(update(1 + TIMES.newsMs + TIMES.updateMs)).toEqual(['delta to p'])
    ledger.author([memberRecord(memberOf('c'))], 2)
    exchange.spread(1_000)
    expect(update(1_000 + TIMES.newsMs)).toEqual(['delta to p'])
  })

  it('asks for nothing that has come meanwhile, and of many strangers for one after another', () => {
    const { exchange } = holding(one, 'p', 'q', 'r')
    exchange.stamped('p', Number.parseInt(two.version.digest.slice(0, 8), 16), 1)
    exchange.receive('q', { kind: 'delta', delta: deltaTo(two, summaryOf(one)) }, 2)
    expect(exchange.tick(1 + TIMES.newsMs)).toEqual([])
    exchange.stamped('p', 1, 1_000)
    const unknown = configurationOf(memberOf('x'))
    exchange.announced('q', deltaTo(configurationOf(memberOf('y')), summaryOf(unknown)), 1_000)
    exchange.stamped('r', 2, 1_000)
    const asked: string[] = []
    for (let now = 1_000; now < 1_400; now++)
      for (const kind of kindsOf(exchange.tick(now)))
        if (kind.startsWith('pull')) asked.push(`${now} ${kind}`)
    expect(asked).toEqual(['1100 pull to p', '1200 pull to q', '1300 pull to r'])
  })

  it('announces what it wrote or merged, and only tells a few what somebody else announced', () => {
    const peers = ['p', 'q', 'r', 's', 't']
    const news: Message = { kind: 'delta', delta: deltaTo(two, summaryOf(one)) }
    const told = (outputs: readonly ExchangeOutput[]): string[] =>
      kindsOf(outputs).filter(kind => kind.startsWith('delta to'))
    const { exchange: learning } = holding(one, ...peers)
    expect(kindsOf(learning.receive('p', news, 1))).toEqual(['version to p'])
    expect([1, 2].map(now => told(learning.spread(now)).length)).toEqual([3, 0])
    const { exchange, ledger } = holding(one, ...peers)
    ledger.author([memberRecord(memberOf('c'))], 1)
    exchange.receive('p', news, 1)
    expect(kindsOf(exchange.spread(1)).filter(kind => kind.startsWith('delta to'))).toHaveLength(3)
    expect(exchange.spread(1)).toEqual([])
  })

  it('tells many changes that follow each other as one', () => {
    const { exchange, ledger } = holding(configurationOf(memberOf('a')), 'p')
    const told: number[] = []
    for (let now = 1; now <= 1_000; now++) {
      const before = ledger.current
      ledger.author([memberRecord(memberOf('c', { incarnation: now }))], now)
      exchange.announce(before)
      for (const output of exchange.spread(now)) if (output.kind === 'announce') told.push(now)
    }
    // The first ones at once, then so many at a time; and the last of them is not forgotten.
    expect(told.slice(0, BOUNDS.spreadBurst)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(told.length).toBeLessThanOrEqual(BOUNDS.spreadBurst + 1_000 / TIMES.spreadMs)
    expect(exchange.wakeAt).toBeLessThanOrEqual(1_000 + TIMES.spreadMs)
    const last = exchange.spread(exchange.wakeAt).find(({ kind }) => kind === 'announce')
    expect(last).toMatchObject({ delta: { version: ledger.current.version } })
  })

  it('announces a merge relative to what others hold, once, with what it writes on top', () => {
    const announced = (mine: Configuration, theirs: Configuration): string[] => {
      const { exchange, ledger } = holding(mine, 'p')
      const whole = deltaTo(theirs, summaryOf(EMPTY))
      exchange.receive('p', { kind: 'delta', delta: whole }, 1)
      const merged = ledger.current
      ledger.author([memberRecord(memberOf('d'))], 1)
      exchange.announce(merged)
      const deltas = exchange.spread(1).flatMap(output => (output.kind === 'announce' ? [output.delta] : []))
      for (const { version } of deltas) expect(version).toEqual(ledger.current.version)
      return deltas.map(({ base }) => base)
    }
    const [lone, other] = [configurationOf(memberOf('c')), configurationOf(memberOf('x'))]
    const half = configurationOf(memberOf('x'), memberOf('y'), memberOf('z'))
    const [twoDigest, halfDigest] = [two, half].map(({ version }) => version.digest)
    // A node that joins: nobody else holds what it held.
    expect(announced(lone, two)).toEqual([twoDigest])
    expect(announced(two, lone)).toEqual([twoDigest])
    // Two halves of a mesh: each side holds its own.
    expect(announced(two, half)).toEqual([halfDigest, twoDigest])
    expect(announced(lone, other)).toHaveLength(1)
  })

  it('spreads a higher serial of the text it holds, and tells one who has a lower one', () => {
    const { exchange } = holding(one, 'p', 'q')
    const { digest } = one.version
    const version = (serial: number): Message => ({
      kind: 'version',
      version: { serial, timestamp: 1, digest },
    })
    expect(kindsOf(exchange.receive('p', version(9), 1))).toEqual(['version to q'])
    expect(exchange.receive('q', version(9), 1)).toEqual([])
    expect(kindsOf(exchange.receive('q', version(3), 1))).toEqual(['version to q'])
  })

  it('has agreed when enough peers say that they hold what it holds', () => {
    const { exchange } = holding(one, 'p', 'q')
    const { version } = one
    expect(exchange.agreed).toBe(false)
    exchange.receive('p', { kind: 'version', version }, 1)
    expect(exchange.agreed).toBe(false)
    exchange.receive('q', { kind: 'version', version }, 1)
    expect(exchange.agreed).toBe(true)
    exchange.receive('q', { kind: 'version', version: two.version }, 1)
    expect(exchange.agreed).toBe(false)
    // One without a link is none of them.
    exchange.receive('gone', { kind: 'version', version }, 1)
    expect(exchange.agreed).toBe(false)
  })
})
