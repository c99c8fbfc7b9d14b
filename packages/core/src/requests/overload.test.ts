import {
  alterationOf,
  BYTES,
  Configuration,
  type ErrorCode,
  errorCode,
  type Frame,
  FrameReader,
  FrameWriter,
  hashKey,
  KIND,
  registerRecord,
  SMALL_FRAME_MAX,
} from '@cachemesh/protocol'
import { describe, expect, it } from 'vitest'
import { BOUNDS } from '../limits/limits.ts'
import { Life, WALL } from '../testing/life.ts'
import { configurationOf, memberOf } from '../testing/members.ts'
import { Calls } from './calls.ts'
import { type Found, Lookup } from './lookup.ts'
import type { Outlet } from './outlet.ts'
import { OwnWrite } from './own-write.ts'
import { Responder } from './responder.ts'

const ENTRY = { value: new TextEncoder().encode('value'), contentType: BYTES, ttlMs: 0 }

/** A node of a mesh of three, and what its peers get from it. */
class Member {
  readonly life: Life
  readonly links = new Map<string, Outlet>()
  readonly calls: Calls
  readonly responder: Responder
  readonly results: string[] = []

  constructor(settings: Record<string, number> = {}) {
    const records = Object.entries(settings).map(([name, value]) =>
      registerRecord({ name: `settings/${name}`, counter: 1, json: JSON.stringify(value) }),
    )
    const text = configurationOf(...['a', 'b', 'c'].map(id => memberOf(id))).write(records)
    this.life = new Life({
      id: 'a',
      remembered: Configuration.of(text, { serial: 2, timestamp: 1 }),
    }).warmed()
    const { node } = this.life
    this.calls = new Calls(node, { links: this.links, link: id => this.links.get(id), open: () => false })
    this.responder = new Responder(node, this.calls)
    for (const peer of ['b', 'c']) {
      const still = { queuedBytes: 0, receivedBytes: 0, flushSoon: () => {}, sendBulk: () => {} }
      this.links.set(peer, { peer, writer: new FrameWriter(node.stamp), ...still })
    }
  }

  get at() {
    return { now: this.life.now, wall: WALL + this.life.now }
  }

  /** A key of this preference list. */
  key(...list: string[]): string {
    const { placement } = this.life.node
    const fits = (key: string) =>
      list.every((id, place) => placement.preference(hashKey(key), 1)[place] === id)
    return Array.from({ length: 1_000 }, (_, i) => `key ${i}`).find(fits) as string
  }

  asks(key: string): void {
    const { node } = this.life
    const take = (found: Found | undefined, certain: boolean) =>
      this.results.push(`${found?.by ?? 'miss'} ${certain}`)
    const reject = (error: unknown) => this.results.push((error as { code: string }).code)
    const times = { askedAt: this.life.now, deadline: this.life.now + 5_000 }
    const call = new Lookup({ node, key, hash: hashKey(key), ...times, take, resolve: () => {}, reject })
    this.calls.dispatch(call, this.at)
  }

  writes(key: string): void {
    const request = { kind: 'set', key, hash: hashKey(key), entry: ENTRY } as const
    const reject = (error: unknown) => this.results.push((error as { code: string }).code)
    const deadline = this.life.now + 5_000
    this.calls.dispatch(
      new OwnWrite({ node: this.life.node, request, deadline, resolve: () => {}, reject }),
      this.at,
    )
  }

  /** What has left for a peer since the last time: requests and errors, by id. */
  sent(to: string): { readonly id: number; readonly kind: number; readonly code: ErrorCode | undefined }[] {
    const frames: { id: number; kind: number; code: ErrorCode | undefined }[] = []
    const bytes = this.links.get(to)?.writer.take()
    const read = (frame: Frame) => {
      const { kind, requestId: id } = frame
      frames.push({ id, kind, code: kind === KIND.error ? errorCode(frame.error().number) : undefined })
    }
    if (bytes !== undefined) new FrameReader(SMALL_FRAME_MAX).push(bytes, read)
    return frames
  }

  /** A frame of a peer. */
  hears(from: string, write: (writer: FrameWriter) => void): void {
    const writer = new FrameWriter(this.life.node.stamp)
    write(writer)
    const outlet = this.links.get(from) as Outlet
    new FrameReader(SMALL_FRAME_MAX).push(writer.take() as Uint8Array, frame => {
      if (frame.kind < KIND.hit) this.responder.request(outlet, frame, this.at)
      else this.calls.reply(outlet, frame, this.at)
    })
    this.responder.through(this.at)
  }

  refuses(by: string, id: number): void {
    this.hears(by, writer => writer.error(id, 'ERR_OVERLOADED', 'too much'))
  }

  late(): void {
    for (let i = 0; i < 5; i++) {
      this.life.now = this.life.node.wakeAt + 400
      this.life.step({ kind: 'tick' })
    }
  }
}

describe('a node that has more to do than it gets done', () => {
  it('refuses what peers ask of it before it does anything, and what it owes them it does', () => {
    const member = new Member()
    const own = member.key('a')
    member.late()
    const path = {}
    member.hears('b', writer => writer.get(1, 1_000, own, path))
    member.hears('b', writer => writer.set(2, 1_000, own, path, ENTRY))
    member.hears('b', writer => writer.getMany(3, 1_000, [own]))
    member.hears('b', writer => writer.invalidate(4, 1_000, member.key('b'), 1))
    const { node } = member.life
    expect(member.sent('b').map(({ id, kind, code }) => [id, code ?? kind])).toEqual([
      [1, 'ERR_OVERLOADED'],
      [2, 'ERR_OVERLOADED'],
      [3, 'ERR_OVERLOADED'],
      [4, KIND.done],
    ])
    expect(node.store.read(own, member.life.now)).toBeUndefined()
    expect(node.pressure.refused).toBe(3)
    member.life.pass(1_000)
    member.hears('b', writer => writer.get(5, 1_000, own, path))
    expect(member.sent('b')).toMatchObject([{ id: 5, kind: KIND.miss }])
  })

  it('keeps no more requests of one peer waiting than there is room for, and has room for others', () => {
    const member = new Member()
    const [far, other] = [member.key('c'), member.key('b')]
    for (let id = 1; id <= BOUNDS.callerWaitingMax; id++) member.hears('b', w => w.get(id, 1_000, far, {}))
    expect(member.sent('b')).toEqual([])
    member.hears('b', writer => writer.get(20_000, 1_000, far, {}))
    expect(member.sent('b')).toMatchObject([{ id: 20_000, code: 'ERR_OVERLOADED' }])
    member.hears('c', writer => writer.get(1, 1_000, other, {}))
    const first = member.sent('c')[0]!
    expect(first).toMatchObject({ kind: KIND.get })
    // Each that is answered makes room for one.
    member.hears('c', writer => writer.miss(first.id))
    expect(member.sent('b').filter(({ kind }) => kind === KIND.miss)).toHaveLength(1)
    member.hears('b', writer => writer.get(20_001, 1_000, far, {}))
    expect(member.sent('b')).toEqual([])
  })
})

describe('a request that fails at once', () => {
  it('leaves no place taken behind', () => {
    const member = new Member({ replicas: 1 })
    const own = member.key('a')
    const at = member.at
    member.life.node.store.write(own, { ...ENTRY, expiresAt: Number.POSITIVE_INFINITY }, at)
    const increment = alterationOf('increment', { by: 1n })
    for (let id = 1; id <= BOUNDS.callerWaitingMax + 5; id++)
      member.hears('b', writer => writer.alter(id, 1_000, own, {}, increment))
    const codes = new Set(member.sent('b').map(({ code }) => code))
    expect([...codes]).toEqual(['ERR_WRONG_TYPE'])
  })
})

describe('a member that refuses', () => {
  it('has its reads answered by those who keep the entries, for a while without being asked', () => {
    const member = new Member({ replicas: 1 })
    const key = member.key('b', 'c')
    member.asks(key)
    const [asked] = member.sent('b')
    member.refuses('b', asked?.id as number)
    const [second] = member.sent('c')
    member.hears('c', writer => writer.hit(second?.id as number, 1, ENTRY))
    expect(member.results).toEqual(['c false'])
    member.asks(key)
    expect([member.sent('b'), member.sent('c')]).toMatchObject([[], [{ kind: KIND.get }]])
    member.life.now += 300
    member.asks(key)
    expect([member.sent('b'), member.sent('c')]).toMatchObject([[{ kind: KIND.get }], []])
  })

  it('is asked all the same when all refuse who keep the entry', () => {
    const member = new Member({ replicas: 1 })
    const [key, other] = [member.key('b', 'c'), member.key('c', 'b')]
    for (const [one, owner] of [
      [key, 'b'],
      [other, 'c'],
    ] as const) {
      member.asks(one)
      member.refuses(owner, member.sent(owner)[0]?.id as number)
      for (const id of ['b', 'c']) for (const frame of member.sent(id)) member.refuses(id, frame.id)
    }
    member.asks(key)
    expect(member.sent('b').length + member.sent('c').length).toBe(1)
  })

  it('is told to the program where nobody else has the entry: a miss there would be none', () => {
    const member = new Member()
    member.asks(member.key('b'))
    member.refuses('b', member.sent('b')[0]?.id as number)
    member.writes(member.key('b'))
    member.refuses('b', member.sent('b')[0]?.id as number)
    expect([member.results, member.sent('c')]).toEqual([['ERR_OVERLOADED', 'ERR_OVERLOADED'], []])
  })

  it('has few of many requests tried elsewhere: a storm does not grow', () => {
    const member = new Member({ replicas: 1 })
    const key = member.key('b', 'c')
    for (let i = 0; i < 1_000; i++) member.asks(key)
    for (const { id } of member.sent('b')) member.refuses('b', id)
    const retries = member.sent('c').length
    expect(retries).toBeGreaterThan(0)
    expect(retries).toBeLessThanOrEqual(150)
    expect(member.results.length).toBe(1_000 - retries)
  })
})
