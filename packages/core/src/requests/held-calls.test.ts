import { hashKey } from '@cachemesh/protocol'
import { describe, expect, it } from 'vitest'
import { Life, WALL } from '../testing/life.ts'
import { configurationOf, memberOf } from '../testing/members.ts'
import { Calls } from './calls.ts'
import { Lookup } from './lookup.ts'
import { OwnWrite } from './own-write.ts'

/** One of three nodes, which has just stood still and has lost its links. The others have not said yet that it is a member. */
class Paused {
  readonly life: Life
  readonly calls: Calls
  /** Whether each call was certain, or the code of its error. */
  readonly ends: unknown[] = []
  /** Links are being opened; they never come. */
  opens = false

  constructor() {
    this.life = new Life({ remembered: configurationOf(...['me', 'p', 'q'].map(id => memberOf(id))) })
    this.life.start()
    this.life.warmed()
    this.calls = new Calls(this.life.node, {
      links: new Map(),
      link: () => undefined,
      open: () => this.opens,
    })
    this.life.now += 8_000
    this.life.step({ kind: 'tick' })
    expect(this.fence).toBe('waiting')
  }

  get fence(): string {
    return this.life.node.replication.fence
  }

  get at() {
    return { now: this.life.now, wall: WALL + this.life.now }
  }

  /** Asks for a key that this node answers for after so many others. */
  ask(kind: 'get' | 'delete', timeoutMs: number, others = 2): void {
    const { node } = this.life
    const key = Array.from({ length: 100 }, (_, i) => `key ${i}`).find(
      name => node.placement.preference(hashKey(name)).indexOf('me') === others,
    ) as string
    const hash = hashKey(key)
    const reject = (error: unknown): unknown => this.ends.push((error as { code: string }).code)
    const how = { node, askedAt: this.life.now, deadline: this.life.now + timeoutMs, reject }
    if (kind === 'get') {
      const take = (_: unknown, certain: boolean) => this.ends.push(certain)
      this.calls.dispatch(new Lookup({ ...how, key, hash, take, resolve: () => {} }), this.at)
    } else {
      const resolve = (_: unknown, certain: boolean) => this.ends.push(certain)
      this.calls.dispatch(new OwnWrite({ ...how, request: { kind, key, hash }, resolve }), this.at)
    }
  }

  /** Somebody says that it is still a member. */
  prove(): void {
    this.life.step({ kind: 'link-up', peer: 'p' })
    this.life.hearOf('p', this.life.node.configuration)
    expect(this.fence).toBe('open')
    this.opens = true
  }

  pass(ms: number): void {
    this.life.passFor(this.calls, ms)
  }
}

describe('a read that a node stands in for', () => {
  it.each([100, 230, 500, 900])(
    'has an answer when that node was proven after %i ms only: waiting for proof left no time to pass over the others',
    provenAfterMs => {
      const node = new Paused()
      node.ask('get', 1_000)
      node.pass(provenAfterMs)
      node.prove()
      node.pass(1_000 - provenAfterMs)
      expect(node.ends).toEqual([false])
    },
  )

  it('waits for proof as long as there is time for the others', () => {
    const node = new Paused()
    node.ask('get', 1_000)
    node.pass(200)
    expect(node.ends).toEqual([])
  })
})

describe('a call that waits for proof', () => {
  it.each(['get', 'delete'] as const)(
    'settles when its time is over, though the proof is there: it began to wait for links, and came a timer too late (%s)',
    kind => {
      const node = new Paused()
      node.ask(kind, 100)
      node.life.now += 142
      node.prove()
      node.calls.sweep(node.at)
      expect(node.ends).toEqual([false])
    },
  )

  it.each(['get', 'delete'] as const)('is certain to the owner also at its end: %s', kind => {
    const node = new Paused()
    node.ask(kind, 100, 0)
    node.life.now += 142
    node.prove()
    node.calls.sweep(node.at)
    expect(node.ends).toEqual([true])
  })
})
