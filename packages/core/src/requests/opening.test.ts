import { FrameWriter, hashKey, KIND, qualifyKey } from '@cachemesh/protocol'
import { describe, expect, it } from 'vitest'
import { BOUNDS } from '../limits/limits.ts'
import { Life, ofKind } from '../testing/life.ts'
import { configurationOf, memberOf } from '../testing/members.ts'
import type { Call } from './call.ts'
import { Calls } from './calls.ts'
import { SWEEP_MS } from './hearing.ts'
import type { Outlet } from './outlet.ts'

const KEY = qualifyKey('default', 'key')

/** A node of a mesh of thirty that has a link to nobody, and what becomes of one read that another member owns. */
class Asking {
  readonly life: Life
  readonly links = new Map<string, Outlet>()
  readonly asked: string[] = []
  readonly calls: Calls
  readonly ends: string[] = []
  readonly call: Call

  constructor(kind: 'get' | 'delete' = 'get') {
    const members = Array.from({ length: 30 }, (_, i) =>
      memberOf(`m${i}`, { state: 'active', incarnation: 1 }),
    )
    this.life = new Life({
      id: 'me',
      remembered: configurationOf(...members, memberOf('me', { state: 'joining' })),
    })
    this.calls = new Calls(this.life.node, {
      links: this.links,
      link: peer => this.links.get(peer),
      open: peer => this.asked.push(peer) > 0,
    })
    this.call = {
      request: { kind, key: KEY, hash: hashKey(KEY) },
      hops: [],
      deadline: this.at.now + 5_000,
      failed: [],
      to: '',
      sentAt: 0,
      answered: () => this.ends.push('answered'),
      served: () => this.ends.push('served'),
      failedWith: error => this.ends.push(error.code),
    }
  }

  get at() {
    return { now: this.life.now, wall: 1_800_000_000_000 + this.life.now }
  }

  pass(ms: number): void {
    this.life.passFor(this.calls, ms)
  }

  link(peer: string): FrameWriter {
    const writer = new FrameWriter(this.life.node.stamp)
    const quiet = { queuedBytes: 0, receivedBytes: 0, flushSoon: () => {}, sendBulk: () => {} }
    this.links.set(peer, { peer, writer, ...quiet })
    this.calls.linkUp(peer, this.at)
    return writer
  }
}

describe('a request to a member without a link', () => {
  it('has one opened, and goes as soon as it is up', () => {
    const asking = new Asking()
    asking.calls.dispatch(asking.call, asking.at)
    expect(asking.asked).toEqual([asking.call.to])
    asking.pass(100)
    const writer = asking.link(asking.call.to)
    expect(writer.take()?.[4]).toBe(KIND.get)
    expect([asking.call.failed, asking.ends]).toEqual([[], []])
  })

  it('passes over whom no link can be opened to, one after another, and says so in the end', () => {
    const asking = new Asking()
    asking.calls.dispatch(asking.call, asking.at)
    asking.pass(5_000)
    expect(new Set(asking.asked).size).toBe(asking.asked.length)
    expect(asking.asked.length).toBe(asking.life.node.placement.preference(hashKey(KEY)).length)
    expect(asking.ends).toEqual(['ERR_UNAVAILABLE'])
    expect(asking.life.now).toBeLessThan(asking.call.deadline + 100)
  })

  it('ends by its deadline when that comes first', () => {
    const asking = new Asking()
    const hurried = { ...asking.call, deadline: asking.at.now + 60 }
    asking.calls.dispatch(hurried, asking.at)
    asking.calls.dispatch(asking.call, asking.at)
    asking.pass(60 + SWEEP_MS)
    expect(asking.ends).toEqual(['ERR_TIMEOUT'])
    asking.link(asking.call.to)
    expect(asking.ends).toEqual(['ERR_TIMEOUT'])
  })

  it('keeps a link that was about to be closed while it waits for an answer, and no other', () => {
    const asking = new Asking()
    const { node } = asking.life
    const strangers = node.configuration.members.map(({ id }) => id).filter(id => !node.neighbours.has(id))
    const [asked, idle] = strangers.filter(id => id !== 'me') as [string, string]
    for (const peer of [asked, idle]) {
      asking.life.step({ kind: 'link-up', peer })
      asking.link(peer)
    }
    asking.life.pass(BOUNDS.linkIdleMs - 1_000)
    asking.calls.dispatch({ ...asking.call, only: asked, deadline: asking.at.now + 30_000 }, asking.at)
    const closed = ofKind(asking.life.pass(20_000), 'unlink').map(({ peer }) => peer)
    expect([closed.includes(asked), closed.includes(idle)]).toEqual([false, true])
  })

  it('waits for nobody twice in a row', () => {
    const asking = new Asking()
    asking.calls.dispatch(asking.call, asking.at)
    const first = asking.call.to
    asking.pass(400)
    expect(asking.call.failed).toEqual([first])
    const again = { ...asking.call, failed: [], to: '' }
    asking.calls.dispatch(again, asking.at)
    expect(again.failed).toEqual([first])
  })
})
