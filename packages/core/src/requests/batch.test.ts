import {
  alterationOf,
  BULK_FRAME_MAX,
  BYTES,
  type CacheMeshError,
  type Frame,
  FrameReader,
  FrameWriter,
  hashKey,
  KIND,
  LIMITS,
} from '@cachemesh/protocol'
import { describe, expect, it } from 'vitest'
import { VersionClock } from '../store/clock.ts'
import { entryOf } from '../store/entry.ts'
import { Life } from '../testing/life.ts'
import { configurationOf, memberOf } from '../testing/members.ts'
import { accept } from '../writes/accept.ts'
import { dispatchTogether } from './batch-call.ts'
import type { Call, KeyRequest } from './call.ts'
import { Calls } from './calls.ts'
import { Lookup } from './lookup.ts'
import type { Outlet } from './outlet.ts'
import { OwnWrite } from './own-write.ts'
import { Responder } from './responder.ts'

const AT = { now: 1_000, wall: 1_800_000_000_000 }
const KEYS = Array.from({ length: 60 }, (_, i) => `key ${i}`)

const WRITTEN = { value: new Uint8Array(1), contentType: BYTES, expiresAt: Number.POSITIVE_INFINITY }

/** Three members with links between all of them; what one has for another is moved by hand. */
class Mesh {
  readonly nodes = new Map<
    string,
    { life: Life; calls: Calls; responder: Responder; links: Map<string, Outlet> }
  >()
  readonly frames: [string, string, number][] = []

  constructor(ids: readonly string[]) {
    const members = ids.map(id => memberOf(id, { state: 'active', incarnation: 1 }))
    for (const id of ids) {
      const life = new Life({
        id,
        remembered: configurationOf(...members),
        cacheBytes: 64 * 1024 * 1024,
      }).warmed()
      const links = new Map<string, Outlet>()
      const calls = new Calls(life.node, { links, link: peer => links.get(peer), open: () => false })
      for (const peer of ids) {
        const writer = new FrameWriter(life.node.stamp)
        const sendBulk = (frame: readonly Uint8Array[]) => this.#deliver(id, peer, Buffer.concat(frame))
        links.set(peer, { peer, writer, queuedBytes: 0, receivedBytes: 0, flushSoon: () => {}, sendBulk })
      }
      this.nodes.set(id, { life, calls, links, responder: new Responder(life.node, calls) })
    }
  }

  node(id: string) {
    const node = this.nodes.get(id)
    if (node === undefined) throw new Error(`there is no node ${id}`)
    return node
  }

  /** Until nobody has anything for anybody. */
  settle(except: (from: string, to: string) => boolean = () => false): void {
    for (let busy = true; busy; ) {
      busy = false
      for (const [from, { links }] of this.nodes) {
        for (const [to, { writer }] of links) {
          const bytes = writer.take()
          if (bytes === undefined || except(from, to)) continue
          busy = true
          this.#deliver(from, to, bytes)
        }
      }
      for (const { responder } of this.nodes.values()) responder.through(AT)
    }
  }

  #deliver(from: string, to: string, bytes: Uint8Array): void {
    const { calls, responder, links } = this.node(to)
    const back = links.get(from) as Outlet
    new FrameReader(BULK_FRAME_MAX).push(bytes, (frame: Frame) => {
      this.frames.push([from, to, frame.kind])
      if (frame.kind < KIND.hit) responder.request(back, frame, AT)
      else calls.reply(back, frame, AT)
    })
  }
}

/** What became of each key. */
type Ends = Map<string, unknown>

function lookups(mesh: Mesh, keys: readonly string[], ends: Ends): Call[] {
  const { node } = mesh.node('a').life
  return keys.map(
    key =>
      new Lookup({
        node,
        key,
        hash: hashKey(key),
        askedAt: 0,
        deadline: 2_000,
        take: found => found?.value.length,
        resolve: length => ends.set(key, length),
        reject: error => ends.set(key, (error as CacheMeshError).code),
      }),
  )
}

function writes(mesh: Mesh, requests: readonly KeyRequest[], ends: Ends): Call[] {
  const { node } = mesh.node('a').life
  return requests.map(
    request =>
      new OwnWrite({
        node,
        request,
        deadline: 2_000,
        resolve: ({ existed }) => ends.set(request.key, existed),
        reject: error => ends.set(request.key, (error as CacheMeshError).code),
      }),
  )
}

function sets(sizeBytes: number, keys = KEYS): KeyRequest[] {
  const entry = { value: new Uint8Array(sizeBytes), contentType: BYTES, ttlMs: 0 }
  return keys.map(key => ({ kind: 'set', key, hash: hashKey(key), entry }))
}

function together(mesh: Mesh, calls: readonly Call[]): void {
  const { calls: by, life } = mesh.node('a')
  dispatchTogether(calls, { by, node: life.node, at: AT })
}

/** How many frames of each kind went out of the first node. */
function asked(mesh: Mesh): number[] {
  return mesh.frames.filter(([from, , kind]) => from === 'a' && kind < KIND.hit).map(([, , kind]) => kind)
}

describe('a batch', () => {
  it('is one frame for each owner, and every key is answered', () => {
    const mesh = new Mesh(['a', 'b', 'c'])
    const ends: Ends = new Map()
    together(mesh, writes(mesh, sets(10), ends))
    mesh.settle()
    expect(asked(mesh)).toEqual([KIND.setMany, KIND.setMany])
    expect([...ends.values()]).toEqual(KEYS.map(() => false))
    mesh.frames.length = 0
    const found: Ends = new Map()
    together(mesh, lookups(mesh, [...KEYS, 'none'], found))
    mesh.settle()
    expect(asked(mesh)).toEqual([KIND.getMany, KIND.getMany])
    expect(found.size).toBe(KEYS.length + 1)
    for (const key of KEYS) expect(found.get(key)).toBe(10)
    expect(found.get('none')).toBeUndefined()
    const deleted: Ends = new Map()
    const requests = KEYS.map(key => ({ kind: 'delete', key, hash: hashKey(key) }) as const)
    together(mesh, writes(mesh, requests, deleted))
    mesh.settle()
    expect(asked(mesh).slice(2)).toEqual([KIND.deleteMany, KIND.deleteMany])
    for (const key of KEYS) expect(deleted.get(key)).toBe(true)
  })

  it('loses none of several writes with tags, nor of others that cannot share a frame', () => {
    const entry = { value: new Uint8Array(10), contentType: BYTES, ttlMs: 0 }
    for (const alteration of [alterationOf('set', { entry, tags: [7] }), alterationOf('add', { entry })]) {
      const mesh = new Mesh(['a', 'b', 'c'])
      const ends: Ends = new Map()
      const requests = KEYS.map(key => ({ kind: 'alter', key, hash: hashKey(key), alteration }) as const)
      together(mesh, writes(mesh, requests, ends))
      mesh.settle()
      expect([...ends.values()]).toEqual(KEYS.map(() => false))
      expect(asked(mesh).includes(KIND.setMany)).toBe(alteration.operation === 'set')
    }
  })

  it('that does not fit a small frame is several, and what is large goes alone', () => {
    const mesh = new Mesh(['a', 'b', 'c'])
    const ends: Ends = new Map()
    const large = KEYS.find(key => mesh.node('a').life.node.placement.owner(hashKey(key)) === 'b') as string
    const others = KEYS.filter(key => key !== large)
    together(mesh, writes(mesh, [...sets(6_000, others), ...sets(100_000, [large])], ends))
    mesh.settle()
    expect(asked(mesh).filter(kind => kind === KIND.set)).toHaveLength(1)
    expect(asked(mesh).length).toBeGreaterThan(3)
    expect(ends.size).toBe(KEYS.length)
    const found: Ends = new Map()
    together(mesh, lookups(mesh, KEYS, found))
    mesh.settle()
    for (const key of KEYS) expect(found.get(key)).toBe(key === large ? 100_000 : 6_000)
  })

  it('asks nobody for what this node holds copies of, and asks alone for what it held one of until now', () => {
    const mesh = new Mesh(['a', 'b', 'c'])
    together(mesh, writes(mesh, sets(10), new Map()))
    mesh.settle()
    mesh.frames.length = 0
    const { copying, placement } = mesh.node('a').life.node
    const [held = '', lapsed = '', ...others] = KEYS.filter(key => placement.owner(hashKey(key)) === 'b')
    const copy = { version: 1, value: new Uint8Array(3), contentType: BYTES, ttlMs: 0, askedAt: AT.now - 100 }
    copying.held.keep(held, { ...copy, leaseMs: 1_000 }, AT.now)
    copying.held.keep(lapsed, { ...copy, leaseMs: 1_000 }, AT.now)
    copying.held.lapse(lapsed, hashKey(lapsed))
    for (let i = 0; i < 10_000; i++) copying.asks(lapsed, hashKey(lapsed), AT)
    const found: Ends = new Map()
    together(mesh, lookups(mesh, [held, lapsed, ...others], found))
    expect([...found]).toEqual([[held, 3]])
    mesh.settle()
    expect(asked(mesh)).toEqual([KIND.get, KIND.getMany])
    expect(found.get(lapsed)).toBe(10)
    expect(found.size).toBe(others.length + 2)
  })

  it('brings values up to a bound, and those beyond it one by one', () => {
    const mesh = new Mesh(['a', 'b', 'c'])
    const sizeBytes = 100_000
    together(mesh, writes(mesh, sets(sizeBytes), new Map()))
    mesh.settle()
    mesh.frames.length = 0
    const found: Ends = new Map()
    together(mesh, lookups(mesh, KEYS, found))
    mesh.settle()
    expect([...found.values()].filter(length => length === sizeBytes)).toHaveLength(KEYS.length)
    const alone = asked(mesh).filter(kind => kind === KIND.get).length
    const remote = KEYS.filter(key => !mesh.node('a').life.node.placement.owns(hashKey(key))).length
    expect(alone).toBe(remote - 2 * Math.floor(LIMITS.batchBytesMax / sizeBytes))
  })

  it('whose owner is gone is asked for key by key of whoever is next', () => {
    const mesh = new Mesh(['a', 'b', 'c'])
    const ends: Ends = new Map()
    together(mesh, writes(mesh, sets(10), ends))
    mesh.settle((_, to) => to === 'b')
    expect(ends.size).toBeLessThan(KEYS.length)
    const { calls, links } = mesh.node('a')
    links.delete('b')
    calls.linkDown('b', AT)
    mesh.settle((_, to) => to === 'b')
    expect([...ends.values()]).toEqual(KEYS.map(() => false))
    expect(asked(mesh).filter(kind => kind === KIND.set).length).toBeGreaterThan(0)
  })

  it('whose time is over when the link of its owner closes is asked of nobody else', () => {
    const mesh = new Mesh(['a', 'b', 'c'])
    const ends: Ends = new Map()
    const { calls, links, life } = mesh.node('a')
    const keys = KEYS.filter(key => life.node.placement.owner(hashKey(key)) === 'b')
    together(mesh, lookups(mesh, keys, ends))
    links.delete('b')
    calls.linkDown('b', { ...AT, now: 2_000 })
    expect([...ends.values()]).toEqual(keys.map(() => 'ERR_TIMEOUT'))
    mesh.settle()
    expect(asked(mesh)).toEqual([])
  })

  it('of a member that leaves goes to the next members', () => {
    const mesh = new Mesh(['a', 'b', 'c'])
    mesh.node('b').responder.leave()
    const found: Ends = new Map()
    together(mesh, lookups(mesh, KEYS, found))
    mesh.settle()
    expect([...found.values()]).toEqual(KEYS.map(() => undefined))
  })

  it('whose sender takes another for the owner is answered by the owners all the same', () => {
    const mesh = new Mesh(['a', 'b', 'c'])
    together(mesh, writes(mesh, sets(10), new Map()))
    mesh.settle()
    // The first node knows nothing of the third.
    const stale = new Mesh(['a', 'b'])
    const old = stale.node('a')
    const keys = KEYS.filter(key => old.life.node.placement.owner(hashKey(key)) === 'b')
    const passed = keys.filter(key => mesh.node('b').life.node.placement.owner(hashKey(key)) === 'c')
    expect(passed.length).toBeGreaterThan(0)
    const found: Ends = new Map()
    dispatchTogether(lookups(mesh, keys, found), { by: mesh.node('a').calls, node: old.life.node, at: AT })
    mesh.settle()
    for (const key of keys) expect(found.get(key)).toBe(10)
  })

  it('says for each key what went wrong with it', () => {
    const mesh = new Mesh(['a', 'b', 'c'])
    for (const { life } of mesh.nodes.values()) {
      const update = { settings: { valueBytesMax: 50 } }
      life.step({ kind: 'operation', ask: 1, operation: { kind: 'update', change: update } })
    }
    const ends: Ends = new Map()
    const small = KEYS.slice(0, 30)
    together(mesh, writes(mesh, [...sets(10, small), ...sets(60, KEYS.slice(30))], ends))
    mesh.settle()
    const remote = KEYS.filter(key => !mesh.node('a').life.node.placement.owns(hashKey(key)))
    for (const key of remote) expect(ends.get(key)).toBe(small.includes(key) ? false : 'ERR_VALUE_TOO_LARGE')
  })
})

describe('a write that hangs on what is there', () => {
  it('is carried out by the owner, and its answer passes whoever is between', () => {
    const mesh = new Mesh(['a', 'b', 'c'])
    const { life, calls } = mesh.node('a')
    const { node } = life
    const key = KEYS.find(one => node.placement.owner(hashKey(one)) === 'b') as string
    const results: unknown[] = []
    const run = (alteration: ReturnType<typeof alterationOf>) => {
      const request = { kind: 'alter', key, hash: hashKey(key), alteration } as const
      const reject = (error: unknown) => results.push(error)
      const parts = { node, request, deadline: 2_000, reject }
      calls.dispatch(new OwnWrite({ ...parts, resolve: it => results.push(it) }), AT)
      mesh.settle()
      return results.pop()
    }
    const entry = { value: Uint8Array.of(0x35), contentType: BYTES, ttlMs: 0 }
    expect(run(alterationOf('replace', { entry }))).toMatchObject({ outcome: 'not-found', version: 0 })
    expect(run(alterationOf('get-and-touch', {}))).toMatchObject({ outcome: 'not-found' })
    const added = run(alterationOf('add', { entry, tags: [7] })) as { version: number }
    expect(mesh.node('b').life.node.store.read(key, 1)).toMatchObject({ tags: [7], version: added.version })
    expect(run(alterationOf('add', { entry }))).toMatchObject({ outcome: 'exists', version: added.version })
    expect(run(alterationOf('set', { entry, expected: 3 }))).toMatchObject({ outcome: 'conflict' })
    expect(run(alterationOf('increment', { by: 2n ** 63n }))).toMatchObject({ count: 5n + 2n ** 63n })
    const touched = run(alterationOf('get-and-touch', { entry: { ttlMs: 5_000 } }))
    expect(touched).toMatchObject({ outcome: 'stored', existed: true })
    expect(mesh.node('b').life.node.store.read(key, 1_000)?.expiresAt).toBe(6_000)
    run(alterationOf('set', { entry: { ...entry, value: Uint8Array.of(0x78) } }))
    expect(run(alterationOf('decrement', { by: 1n }))).toMatchObject({ code: 'ERR_WRONG_TYPE' })
  })

  it('leaves whoever heard of it with a clock that counts on from there', () => {
    const mesh = new Mesh(['a', 'b', 'c'])
    const { node } = mesh.node('a').life
    const key = KEYS.find(one => node.placement.owner(hashKey(one)) === 'b') as string
    const { store } = mesh.node('b').life.node
    // The clock of the owner runs two seconds ahead.
    const { version } = store.write(key, WRITTEN, { now: 1, wall: AT.wall + 2_000 })
    together(mesh, lookups(mesh, [key], new Map()))
    mesh.settle()
    expect(node.store.clock.next(AT.wall)).toBeGreaterThan(version)
  })

  it('is newer than what the writer has got from a third: an owner that had restarted gave that version once more', () => {
    const mesh = new Mesh(['a', 'b', 'c'])
    const { store, placement } = mesh.node('a').life.node
    const key = KEYS.find(one => placement.owner(hashKey(one)) === 'b') as string
    // Of one whose clock ran an hour ahead; it came in a transfer, while the owner was away.
    const version = new VersionClock().next(AT.wall + 3_600_000)
    const taken = { key, hash: hashKey(key), entry: entryOf(WRITTEN, version) }
    expect(accept(store, taken, AT)).toBe('stored')
    together(mesh, writes(mesh, sets(1, [key]), new Map()))
    mesh.settle()
    expect(mesh.node('b').life.node.store.latest(key)?.version).toBeGreaterThan(version)
  })

  it('of a kind that a member does not know is answered', () => {
    const mesh = new Mesh(['a', 'b'])
    const { responder, links } = mesh.node('b')
    const writer = new FrameWriter()
    writer.get(5, 1_000, 'k', {})
    const bytes = (writer.take() as Uint8Array).slice(0)
    bytes[4] = 9
    const seen: unknown[] = []
    new FrameReader(BULK_FRAME_MAX).push(bytes, frame =>
      responder.request(links.get('a') as Outlet, frame, AT),
    )
    const answer = links.get('a')?.writer.take() as Uint8Array
    new FrameReader(BULK_FRAME_MAX).push(answer, ({ kind, requestId }) => seen.push([kind, requestId]))
    expect(seen).toEqual([[KIND.error, 5]])
  })
})
