import { BYTES, FLAG, type Frame, FrameReader, FrameWriter, hashKey, KIND } from '@cachemesh/protocol'
import { describe, expect, it } from 'vitest'
import { Life, WALL } from '../testing/life.ts'
import { configurationOf, memberOf } from '../testing/members.ts'
import { Calls } from './calls.ts'
import { type Found, Lookup } from './lookup.ts'
import type { Outlet } from './outlet.ts'
import { Responder } from './responder.ts'

const KEY = 'key'
const HASH = hashKey(KEY)
const MEMBERS = ['a', 'b', 'c']
const SEEN = MEMBERS.map(id => memberOf(id, { state: 'active', incarnation: 1 }))
const SMALL = new TextEncoder().encode('small')
const LARGE = new Uint8Array(60_000).fill(7)

interface Told {
  readonly kind: number
  readonly id: number
  readonly flags: number
}

/** One of three members, with links to the others. */
class Node {
  readonly id: string
  readonly life: Life
  readonly links = new Map<string, Outlet>()
  readonly bulk = new Map<string, Uint8Array[]>()
  readonly calls: Calls
  readonly responder: Responder
  /** What has come from each peer. */
  readonly heard: [string, Told][] = []

  constructor(id: string) {
    this.id = id
    this.life = new Life({ id, remembered: configurationOf(...SEEN) }).warmed()
    const { node } = this.life
    const outlets = { links: this.links, link: (peer: string) => this.links.get(peer), open: () => false }
    this.calls = new Calls(node, outlets)
    this.responder = new Responder(node, this.calls)
    for (const peer of MEMBERS.filter(member => member !== id)) {
      const pieces: Uint8Array[] = []
      this.bulk.set(peer, pieces)
      const sendBulk = (frame: readonly Uint8Array[]) => pieces.push(...frame)
      const quiet = { queuedBytes: 0, receivedBytes: 0, flushSoon: () => {}, sendBulk }
      this.links.set(peer, { peer, writer: new FrameWriter(node.stamp), ...quiet })
    }
  }

  get at() {
    return { now: this.life.now, wall: WALL + this.life.now }
  }

  hears(from: string, bytes: Uint8Array): void {
    const outlet = this.links.get(from)
    if (outlet === undefined) return
    const receive = (frame: Frame): void => {
      const { kind, flags, requestId: id } = frame
      this.heard.push([from, { kind, flags, id }])
      if (kind < KIND.hit) this.responder.request(outlet, frame, this.at)
      else this.calls.reply(outlet, frame, this.at)
    }
    new FrameReader(1024 * 1024).push(bytes, receive)
    this.responder.through(this.at)
  }

  takes(peer: string): Uint8Array[] {
    const small = this.links.get(peer)?.writer.take()
    const large = (this.bulk.get(peer) ?? []).splice(0)
    return small === undefined ? large : [small, ...large]
  }
}

/** Who asks takes the second of the list for the owner of the key. */
class Mesh {
  readonly nodes: ReadonlyMap<string, Node> = new Map(MEMBERS.map(id => [id, new Node(id)]))
  readonly owner: Node
  readonly wrong: Node
  readonly asker: Node
  readonly results: unknown[] = []

  constructor(value: Uint8Array | undefined) {
    const list = this.#of('a').life.node.placement.preference(HASH)
    const [owner, wrong, asker] = list.map(id => this.#of(id)) as [Node, Node, Node]
    this.owner = owner
    this.wrong = wrong
    this.asker = asker
    asker.life.node.placement.update(configurationOf(...SEEN.filter(({ id }) => id !== owner.id)))
    if (value !== undefined)
      owner.life.node.store.write(
        KEY,
        { value, contentType: BYTES, expiresAt: Number.POSITIVE_INFINITY },
        owner.at,
      )
  }

  #of(id: string): Node {
    return this.nodes.get(id) as Node
  }

  asks(): void {
    const { asker } = this
    const { node } = asker.life
    const take = (found: Found | undefined) => this.results.push(found?.value.length ?? 'miss')
    const reject = (error: unknown) => this.results.push((error as { code: string }).code)
    const times = { askedAt: asker.life.now, deadline: asker.life.now + 2_000 }
    const call = new Lookup({ node, key: KEY, hash: HASH, ...times, take, resolve: () => {}, reject })
    asker.calls.dispatch(call, asker.at)
  }

  /** All that was written arrives, but for what is lost on its way. */
  delivers(lost: (from: Node, to: Node) => boolean = () => false): void {
    for (let moved = true; moved; ) {
      moved = false
      for (const from of this.nodes.values())
        for (const to of this.nodes.values())
          for (const bytes of from.takes(to.id)) {
            moved = true
            if (!lost(from, to)) to.hears(from.id, bytes)
          }
    }
  }

  passes(ms: number, lost?: (from: Node, to: Node) => boolean): void {
    for (let passed = 0; passed < ms; passed += 25) {
      for (const { life, calls } of this.nodes.values()) {
        life.now += 25
        calls.sweep(life.at)
      }
      this.delivers(lost)
    }
  }

  /** Kinds of the frames that a node has heard from another. */
  heard(by: Node, from: Node): number[] {
    return by.heard.flatMap(([id, { kind }]) => (id === from.id ? [kind] : []))
  }
}

describe('a get that is passed on', () => {
  it('is answered by the owner to who asked, and by nobody else', () => {
    const mesh = new Mesh(SMALL)
    const { asker, wrong, owner } = mesh
    mesh.asks()
    mesh.delivers()
    expect(mesh.results).toEqual([SMALL.length])
    expect(mesh.heard(asker, owner)).toEqual([KIND.hit])
    expect(asker.heard[0]?.[1].flags).toBe(FLAG.forwarded)
    expect(mesh.heard(asker, wrong)).toEqual([])
    expect(asker.calls.pending).toBe(0)
    // Who passed it on sees to an answer until it hears that there is one.
    expect(wrong.calls.pending).toBe(1)
    mesh.passes(50)
    expect(wrong.calls.pending).toBe(0)
    expect(mesh.heard(wrong, owner)).toEqual([KIND.settled])
    expect(mesh.heard(asker, wrong)).toEqual([KIND.settled])
    mesh.passes(3_000)
    expect(mesh.results).toEqual([SMALL.length])
    for (const { calls } of mesh.nodes.values()) expect(calls.wakeAt).toBe(Number.POSITIVE_INFINITY)
  })

  it('is a miss likewise', () => {
    const mesh = new Mesh(undefined)
    mesh.asks()
    mesh.delivers()
    expect(mesh.results).toEqual(['miss'])
    expect(mesh.heard(mesh.asker, mesh.owner)).toEqual([KIND.miss])
  })

  it('settles many with one frame', () => {
    const mesh = new Mesh(SMALL)
    for (let i = 0; i < 1_000; i++) mesh.asks()
    mesh.delivers()
    mesh.passes(50)
    expect(mesh.results).toHaveLength(1_000)
    expect(mesh.heard(mesh.wrong, mesh.owner)).toEqual([KIND.settled])
    expect(mesh.wrong.calls.pending).toBe(0)
  })

  it('is answered by the way it came when the owner has no link to who asked', () => {
    const mesh = new Mesh(SMALL)
    mesh.owner.links.delete(mesh.asker.id)
    mesh.asks()
    mesh.delivers()
    expect(mesh.results).toEqual([SMALL.length])
    expect(mesh.heard(mesh.asker, mesh.wrong)).toEqual([KIND.hit])
  })

  it('is answered by the way it came with a large value', () => {
    const mesh = new Mesh(LARGE)
    mesh.asks()
    mesh.delivers()
    expect(mesh.results).toEqual([LARGE.length])
    expect(mesh.heard(mesh.asker, mesh.wrong)).toEqual([KIND.hit])
    expect(mesh.heard(mesh.asker, mesh.owner)).toEqual([])
  })

  it('is answered by the way it came to a member of an older version', () => {
    const mesh = new Mesh(SMALL)
    const writer = new FrameWriter(mesh.asker.life.node.stamp)
    writer.get(7, 1_000, KEY, {})
    mesh.wrong.hears(mesh.asker.id, writer.take() as Uint8Array)
    mesh.delivers()
    expect(mesh.asker.heard).toEqual([[mesh.wrong.id, { kind: KIND.hit, flags: FLAG.forwarded, id: 7 }]])
  })

  it('is asked again, and answered by the way it came, when the answer gets lost', () => {
    const mesh = new Mesh(SMALL)
    const { asker, owner, wrong } = mesh
    const lost = (from: Node, to: Node): boolean => from === owner && to === asker
    mesh.asks()
    mesh.delivers(lost)
    mesh.passes(250, lost)
    expect(mesh.results).toEqual([SMALL.length])
    expect(mesh.heard(asker, wrong)).toEqual([KIND.settled, KIND.hit])
    // For a while nothing is expected of that way.
    mesh.asks()
    mesh.delivers(lost)
    expect(mesh.results).toEqual([SMALL.length, SMALL.length])
    mesh.passes(12_000)
    asker.heard.length = 0
    mesh.asks()
    mesh.delivers()
    expect(mesh.heard(asker, owner)).toEqual([KIND.hit])
    expect(asker.calls.pending).toBe(0)
  })

  it('is answered by who stands in when the owner dies before it has answered', () => {
    const mesh = new Mesh(SMALL)
    const { asker, owner, wrong } = mesh
    const lost = (from: Node, to: Node): boolean => from === owner || to === owner
    mesh.asks()
    mesh.delivers(lost)
    expect(mesh.results).toEqual([])
    for (const node of [wrong, asker]) {
      node.links.delete(owner.id)
      node.calls.linkDown(owner.id, node.at)
    }
    mesh.delivers(lost)
    mesh.passes(500, lost)
    expect(mesh.results).toEqual(['miss'])
  })
})

describe('an answer of a member that was not asked', () => {
  const mistaken: Record<string, (writer: FrameWriter) => void> = {
    'for another key': writer => writer.miss(1, FLAG.forwarded, (HASH + 1) & 0xffff),
    'for another request': writer => writer.miss(2, FLAG.forwarded, HASH & 0xffff),
    'that says nothing of who was asked': writer => writer.miss(1, 0, HASH & 0xffff),
    'of a write': writer => writer.done(1, 1, false, FLAG.forwarded),
  }

  it.each(Object.entries(mistaken))('is not taken %s', (_, write) => {
    const mesh = new Mesh(SMALL)
    mesh.asks()
    const writer = new FrameWriter(mesh.owner.life.node.stamp)
    write(writer)
    mesh.asker.hears(mesh.owner.id, writer.take() as Uint8Array)
    expect(mesh.results).toEqual([])
    mesh.delivers()
    expect(mesh.results).toEqual([SMALL.length])
  })
})
