import {
  BYTES,
  Configuration,
  FLAG,
  type Frame,
  FrameReader,
  FrameWriter,
  hashKey,
  KIND,
  registerRecord,
  SMALL_FRAME_MAX,
} from '@cachemesh/protocol'
import { describe, expect, it } from 'vitest'
import { entryOf } from '../store/entry.ts'
import { Life, WALL } from '../testing/life.ts'
import { configurationOf, memberOf } from '../testing/members.ts'
import { Calls } from './calls.ts'
import { LoadCall, type Loaded } from './load-call.ts'
import { type Found, Lookup } from './lookup.ts'
import type { Outlet } from './outlet.ts'
import { Responder } from './responder.ts'

const ENTRY = { value: new TextEncoder().encode('value'), contentType: BYTES, ttlMs: 0 }
const TIMEOUT_MS = 5_000

function meshWith(settings: Record<string, number>): Configuration {
  const members = ['a', 'b', 'c', 'd'].map(id => memberOf(id))
  const records = Object.entries(settings).map(([name, value]) =>
    registerRecord({ name: `settings/${name}`, counter: 1, json: JSON.stringify(value) }),
  )
  const text = configurationOf(...members).write(records)
  return Configuration.of(text, { serial: 2, timestamp: 1 })
}

/** A request that has left. */
interface Sent {
  readonly id: number
  readonly kind: number
  readonly spare: boolean
}

/** A node of a mesh of four in which each entry has a replica, and what becomes of one read after the other. */
class Reader {
  readonly life: Life
  readonly links = new Map<string, Outlet & { receivedBytes: number }>()
  readonly calls: Calls
  readonly results: (Found | 'miss' | string)[] = []
  readonly owner: string
  readonly replica: string
  readonly key: string

  constructor(settings: Record<string, number> = { replicas: 1, ackReplicas: 1 }) {
    this.life = new Life({ id: 'a', remembered: meshWith(settings) }).warmed()
    const { node } = this.life
    this.calls = new Calls(node, { links: this.links, link: id => this.links.get(id), open: () => false })
    for (const peer of ['b', 'c', 'd']) {
      const still = { queuedBytes: 0, receivedBytes: 0, flushSoon: () => {}, sendBulk: () => {} }
      this.links.set(peer, { peer, writer: new FrameWriter(node.stamp), ...still })
    }
    const elsewhere = (key: string) => !node.placement.preference(hashKey(key)).slice(0, 2).includes('a')
    this.key = Array.from({ length: 100 }, (_, i) => `key ${i}`).find(elsewhere) as string
    const [owner, replica] = node.placement.preference(hashKey(this.key)) as [string, string]
    this.owner = owner
    this.replica = replica
  }

  get at() {
    return { now: this.life.now, wall: WALL + this.life.now }
  }

  read(): void {
    const { node } = this.life
    const take = (found: Found | undefined) => this.results.push(found?.by ?? 'miss')
    const reject = (error: unknown) => this.results.push((error as { code: string }).code)
    const times = { askedAt: this.life.now, deadline: this.life.now + TIMEOUT_MS }
    const { key } = this
    const call = new Lookup({ node, key, hash: hashKey(key), ...times, take, resolve: () => {}, reject })
    this.calls.dispatch(call, this.at)
  }

  load(): void {
    const { node } = this.life
    const done = (loaded: Loaded) => this.results.push(loaded.kind === 'hit' ? loaded.found.by : loaded.kind)
    const reject = (error: unknown) => this.results.push((error as { code: string }).code)
    const wish = { claim: false, leaseMs: 1_000, staleAfterMs: 0 }
    const { key } = this
    const deadline = this.life.now + TIMEOUT_MS
    this.calls.dispatch(
      new LoadCall({ node, key, hash: hashKey(key), deadline, wish, done, reject }),
      this.at,
    )
  }

  /** Time passes, and all who were asked give signs of life. */
  pass(ms: number): void {
    const until = this.life.now + ms
    while (this.calls.wakeAt <= until) {
      this.life.now = Math.max(this.life.now, this.calls.wakeAt)
      for (const link of this.links.values()) link.receivedBytes++
      this.calls.sweep(this.at)
    }
    this.life.now = until
  }

  /** Requests that have left for a member since the last time. */
  sent(to: string): Sent[] {
    const frames: Sent[] = []
    const bytes = this.links.get(to)?.writer.take()
    const read = ({ requestId, kind, flags }: Frame) =>
      frames.push({ id: requestId, kind, spare: (flags & FLAG.spare) !== 0 })
    if (bytes !== undefined) new FrameReader(SMALL_FRAME_MAX).push(bytes, read)
    return frames
  }

  answer(
    by: string,
    id: number,
    what: 'hit' | 'miss' | 'unknown' | 'error' | 'lease' | 'waiting',
    stamp = this.life.node.stamp,
  ): void {
    const writer = new FrameWriter(stamp)
    if (what === 'hit') writer.hit(id, 1, ENTRY)
    else if (what === 'lease') writer.lease(id, { token: 1, leaseMs: 1_000, holder: by })
    else if (what === 'waiting') writer.waiting(id)
    else if (what === 'error') writer.error(id, 'ERR_INTERNAL', 'no')
    else writer.miss(id, what === 'unknown' ? FLAG.stoodIn : 0)
    const outlet = this.links.get(by) as Outlet
    new FrameReader(SMALL_FRAME_MAX).push(writer.take() as Uint8Array, frame =>
      this.calls.reply(outlet, frame, this.at),
    )
  }

  /** The members answer so quickly for a while that what takes longer is unusual. */
  learn(): this {
    for (let i = 0; i < 600; i++) {
      this.read()
      for (const { id } of this.sent(this.owner)) this.answer(this.owner, id, 'hit')
    }
    this.results.length = 0
    return this
  }

  /** The one request that has left for a member. */
  onlyOne(to: string): Sent {
    const frames = this.sent(to)
    expect(frames).toHaveLength(1)
    return frames[0] as Sent
  }
}

describe('a read that waits for longer than most', () => {
  it('is asked a second time, of the replica, and the first that has the value answers', () => {
    const reader = new Reader().learn()
    reader.read()
    const { id } = reader.onlyOne(reader.owner)
    expect(reader.sent(reader.replica)).toEqual([])
    reader.pass(10)
    const second = reader.onlyOne(reader.replica)
    expect(second.spare).toBe(true)
    reader.answer(reader.replica, second.id, 'hit')
    reader.answer(reader.owner, id, 'hit')
    reader.pass(TIMEOUT_MS)
    expect(reader.results).toEqual([reader.replica])
    expect(reader.calls.readStats).toMatchObject({ hedged: 1, won: 1 })
    expect(reader.calls.pending).toBe(0)
  })

  it('is answered by its owner when that comes first', () => {
    const reader = new Reader().learn()
    reader.read()
    const { id } = reader.onlyOne(reader.owner)
    reader.pass(10)
    const second = reader.onlyOne(reader.replica)
    reader.answer(reader.owner, id, 'miss')
    reader.answer(reader.replica, second.id, 'hit')
    expect(reader.results).toEqual(['miss'])
    expect(reader.calls.readStats).toMatchObject({ hedged: 1, won: 0 })
  })

  it.each(['unknown', 'error'] as const)('waits for its owner when the other has only: %s', what => {
    const reader = new Reader().learn()
    reader.read()
    const { id } = reader.onlyOne(reader.owner)
    reader.pass(10)
    reader.answer(reader.replica, reader.onlyOne(reader.replica).id, what)
    expect(reader.results).toEqual([])
    reader.answer(reader.owner, id, 'hit')
    expect(reader.results).toEqual([reader.owner])
  })

  it('may be one that loads: a lease that comes after the value is given back', () => {
    const reader = new Reader().learn()
    reader.load()
    const { id } = reader.onlyOne(reader.owner)
    reader.pass(10)
    const second = reader.onlyOne(reader.replica)
    expect(second).toMatchObject({ spare: true, kind: KIND.get })
    reader.answer(reader.replica, second.id, 'hit')
    expect(reader.results).toEqual([reader.replica])
    reader.answer(reader.owner, id, 'lease')
    expect(reader.onlyOne(reader.owner).kind).toBe(KIND.release)
  })

  it('is asked once when somebody loads: the others have nothing either', () => {
    const reader = new Reader().learn()
    reader.load()
    reader.answer(reader.owner, reader.onlyOne(reader.owner).id, 'waiting')
    reader.pass(200)
    expect([reader.sent(reader.replica), reader.results]).toEqual([[], []])
  })

  it('holds nothing against one that does not answer the second request', () => {
    const reader = new Reader().learn()
    const blamed: string[] = []
    reader.life.node.unanswered = peer => blamed.push(peer)
    reader.read()
    reader.sent(reader.owner)
    reader.pass(10)
    reader.onlyOne(reader.replica)
    // All that comes from anybody is from the owner.
    const replica = reader.links.get(reader.replica) as { receivedBytes: number }
    for (let i = 0; i < 30; i++) {
      reader.pass(25)
      replica.receivedBytes = 0
    }
    expect(blamed).toEqual([])
  })

  it('is asked once where a write may be acknowledged before all have it', () => {
    for (const settings of [{ replicas: 1 }, { replicas: 2, ackReplicas: 1 }, {}]) {
      const reader = new Reader(settings).learn()
      reader.read()
      reader.pass(100)
      const others = ['b', 'c', 'd'].filter(id => id !== reader.owner)
      expect(others.flatMap(id => reader.sent(id))).toEqual([])
    }
  })

  it('is asked once while somebody speaks of another configuration', () => {
    const reader = new Reader().learn()
    const other = { ...reader.life.node.stamp, digestPrefix: 1 }
    reader.read()
    reader.answer(reader.owner, reader.onlyOne(reader.owner).id, 'hit', other)
    reader.read()
    reader.pass(100)
    expect(reader.sent(reader.replica)).toEqual([])
  })

  it('is one of few: a mesh that is slow is not asked twice for everything', () => {
    const reader = new Reader().learn()
    for (let i = 0; i < 1_000; i++) reader.read()
    reader.pass(50)
    expect(reader.sent(reader.owner).length).toBeGreaterThan(900)
    const { hedged } = reader.calls.readStats
    expect(hedged).toBeGreaterThan(10)
    expect(hedged).toBeLessThanOrEqual(70)
  })

  it('is not asked again by a node that was busy itself', () => {
    const reader = new Reader().learn()
    reader.read()
    reader.life.now += 200
    reader.calls.hedge(reader.at)
    expect(reader.sent(reader.replica)).toEqual([])
  })
})

describe('a member that is slower than another which keeps the entry', () => {
  /** The owner takes long, again and again. */
  function slow(): Reader {
    const reader = new Reader()
    for (let i = 0; i < 200; i++) {
      reader.read()
      const asked = reader.sent(reader.owner)
      const spares = reader.sent(reader.replica)
      for (const { id } of spares) reader.answer(reader.replica, id, 'hit')
      if (asked.length === 0) continue
      reader.pass(40)
      for (const { id } of reader.sent(reader.replica)) reader.answer(reader.replica, id, 'unknown')
      for (const { id } of asked) reader.answer(reader.owner, id, 'hit')
    }
    reader.results.length = 0
    return reader
  }

  it('is passed by, but for a few reads that show when it is quick again', () => {
    const reader = slow()
    const { spread } = reader.calls.readStats
    expect(spread).toBeGreaterThan(50)
    let owners = 0
    for (let i = 0; i < 64; i++) {
      reader.read()
      for (const { id } of reader.sent(reader.replica)) reader.answer(reader.replica, id, 'hit')
      for (const { id } of reader.sent(reader.owner)) {
        owners++
        reader.answer(reader.owner, id, 'hit')
      }
    }
    expect(owners).toBeGreaterThan(0)
    expect(owners).toBeLessThan(10)
    expect(reader.results).toHaveLength(64)
  })

  it('is asked after all when the other does not have it, or is closed with the node', () => {
    const reader = slow()
    const diverted = (): number => {
      for (;;) {
        reader.read()
        for (const { id } of reader.sent(reader.owner)) reader.answer(reader.owner, id, 'hit')
        const [spare] = reader.sent(reader.replica)
        if (spare !== undefined) return spare.id
      }
    }
    const spare = diverted()
    reader.results.length = 0
    reader.answer(reader.replica, spare, 'unknown')
    const { id } = reader.onlyOne(reader.owner)
    reader.answer(reader.owner, id, 'miss')
    expect(reader.results).toEqual(['miss'])
    diverted()
    reader.results.length = 0
    reader.calls.close()
    expect(reader.results).toEqual(['ERR_CLOSED'])
  })
})

describe('a member that is asked for what it keeps for another', () => {
  it('says nothing while those who watch it may have given it up', () => {
    const reader = new Reader()
    const { node } = reader.life
    const responder = new Responder(node, reader.calls)
    const keys = Array.from({ length: 200 }, (_, i) => `key ${i}`)
    const key = keys.find(it => node.placement.preference(hashKey(it))[1] === 'a') as string
    const outlet = reader.links.get('b') as Outlet
    const entry = entryOf(
      { ...ENTRY, expiresAt: Number.POSITIVE_INFINITY },
      node.store.clock.next(reader.at.wall),
    )
    node.replication.take('b', { key, hash: hashKey(key) }, { entry, at: reader.at })
    const ask = (stamp = node.stamp): Frame['kind'][] => {
      const writer = new FrameWriter(stamp)
      writer.get(1, 1_000, key, { spare: true })
      const kinds: number[] = []
      new FrameReader(SMALL_FRAME_MAX).push(writer.take() as Uint8Array, frame =>
        responder.request(outlet, frame, reader.at),
      )
      new FrameReader(SMALL_FRAME_MAX).push(outlet.writer.take() as Uint8Array, ({ kind, flags }) =>
        kinds.push(kind, flags & FLAG.stoodIn),
      )
      return kinds
    }
    expect(node.store.read(key, reader.life.now)).toBeDefined()
    expect(ask()).toEqual([KIND.miss, FLAG.stoodIn])
    Object.assign(node, { isWatched: () => true })
    // There may be something newer at the owner, until he has said that there is not.
    expect(ask()).toEqual([KIND.miss, FLAG.stoodIn])
    const [owner] = node.placement.preference(hashKey(key)) as [string]
    const ring = node.placement.fingerprint
    const nothing = { kind: 'offer', id: 1, ring, entries: 0, routine: false, since: 0 } as const
    reader.life.hear(owner, nothing)
    expect(ask()).toEqual([KIND.hit, 0])
    expect(ask({ ...node.stamp, digestPrefix: 1 })).toEqual([KIND.miss, FLAG.stoodIn])
  })
})
