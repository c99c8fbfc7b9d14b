import {
  BYTES,
  type CacheMeshError,
  type Frame,
  FrameReader,
  FrameWriter,
  hashKey,
  KIND,
  SMALL_FRAME_MAX,
} from '@cachemesh/protocol'
import { describe, expect, it } from 'vitest'
import { BOUNDS } from '../limits/limits.ts'
import { Life, WALL } from '../testing/life.ts'
import { configurationOf, memberOf } from '../testing/members.ts'
import { Calls } from './calls.ts'
import { LoadCall, type Loaded } from './load-call.ts'
import type { Outlet } from './outlet.ts'
import { OwnFill } from './own-fill.ts'
import { Responder } from './responder.ts'

const HASH = hashKey('key')
const MEMBERS = ['a', 'b', 'c']

/** A node of a mesh of three with links to the others, whose frames wait until they are delivered. */
class Node {
  readonly life: Life
  readonly links = new Map<string, Outlet>()
  readonly calls: Calls
  readonly responder: Responder
  readonly told: string[] = []
  lease: Extract<Loaded, { kind: 'lease' }>['lease'] | undefined

  constructor(id: string) {
    const members = MEMBERS.map(member => memberOf(member, { state: 'active', incarnation: 1 }))
    this.life = new Life({ id, remembered: configurationOf(...members) }).warmed()
    const outlets = { links: this.links, link: (peer: string) => this.links.get(peer), open: () => false }
    this.calls = new Calls(this.life.node, outlets)
    this.responder = new Responder(this.life.node, this.calls)
    for (const peer of MEMBERS.filter(member => member !== id)) {
      const writer = new FrameWriter(this.life.node.stamp)
      this.links.set(peer, {
        peer,
        writer,
        queuedBytes: 0,
        receivedBytes: 0,
        flushSoon: () => {},
        sendBulk: () => {},
      })
    }
  }

  get at() {
    return { now: this.life.now, wall: WALL + this.life.now }
  }

  asks(timeoutMs = 5_000, leaseMs = 1_000): void {
    const done = (loaded: Loaded): void => {
      this.told.push(loaded.kind === 'hit' ? new TextDecoder().decode(loaded.found.value) : loaded.kind)
      if (loaded.kind === 'lease') this.lease = loaded.lease
    }
    const reject = (error: unknown): void => void this.told.push((error as CacheMeshError).code)
    const wish = { claim: false, leaseMs, staleAfterMs: 0 }
    const deadline = this.life.now + timeoutMs
    const { node } = this.life
    this.calls.dispatch(new LoadCall({ node, key: 'key', hash: HASH, deadline, wish, done, reject }), this.at)
  }

  fills(value: string): void {
    const { token, holder } = this.lease as { token: number; holder: string }
    const entry = { value: new TextEncoder().encode(value), contentType: BYTES, ttlMs: 0 }
    const fill = { token, kind: 'loaded', costMs: 1, freshMs: 0, entry } as const
    const request = { kind: 'fill', key: 'key', hash: HASH, fill } as const
    const resolve = (): void => void this.told.push('filled')
    const reject = (error: unknown): void => void this.told.push((error as CacheMeshError).code)
    const deadline = this.life.now + 1_000
    this.calls.dispatch(
      new OwnFill({ node: this.life.node, request, holder, deadline, resolve, reject }),
      this.at,
    )
  }

  pass(ms: number): void {
    this.life.passFor(this.calls, ms)
  }
}

class Mesh {
  readonly nodes = new Map(MEMBERS.map(id => [id, new Node(id)]))
  readonly order = new Node('a').life.node.placement.preference(HASH) as [string, string, string]

  get owner(): Node {
    return this.of(this.order[0])
  }

  of(id: string): Node {
    return this.nodes.get(id) as Node
  }

  /** All frames reach their ends, and those that answer them. Returns how many of each kind there were. */
  deliver(): Map<number, number> {
    const kinds = new Map<number, number>()
    for (let quiet = false; !quiet; ) {
      quiet = true
      for (const [from, { links }] of this.nodes)
        for (const [to, { writer }] of links) {
          const bytes = writer.take()
          if (bytes === undefined) continue
          quiet = false
          new FrameReader(SMALL_FRAME_MAX).push(bytes, frame => {
            kinds.set(frame.kind, (kinds.get(frame.kind) ?? 0) + 1)
            this.#take(this.of(to), from, frame)
          })
          this.of(to).responder.through(this.of(to).at)
        }
    }
    return kinds
  }

  #take(node: Node, from: string, frame: Frame): void {
    const outlet = node.links.get(from) as Outlet
    if (frame.kind < KIND.hit) node.responder.request(outlet, frame, node.at)
    else node.calls.reply(outlet, frame, node.at)
  }
}

describe('loads of several nodes', () => {
  it('are one: the owner grants it, and its value reaches all', () => {
    const mesh = new Mesh()
    const [, second, third] = mesh.order
    for (const id of [second, third, second, mesh.order[0]]) mesh.of(id).asks()
    mesh.deliver()
    const holder = [...mesh.nodes.values()].find(({ lease }) => lease !== undefined) as Node
    holder.fills('value')
    mesh.deliver()
    const told = [...mesh.nodes.values()].flatMap(node => node.told)
    expect(told.sort()).toEqual(['filled', 'lease', 'value', 'value', 'value'])
    expect(mesh.owner.life.node.store.read('key', 1)?.cost).toBe(1)
  })

  it('end with the typed refusal when the key was written meanwhile', () => {
    const mesh = new Mesh()
    const asking = mesh.of(mesh.order[1])
    asking.asks()
    mesh.deliver()
    mesh.owner.life.node.store.remove('key', mesh.owner.at)
    asking.fills('old')
    mesh.deliver()
    expect(asking.told).toEqual(['lease', 'ERR_LEASE_VOID'])
  })

  it('give back a lease that comes for one who does not wait any more', () => {
    const mesh = new Mesh()
    const late = mesh.of(mesh.order[1])
    late.asks(50)
    late.pass(100)
    const other = mesh.of(mesh.order[2])
    mesh.deliver()
    expect(late.told).toEqual(['ERR_TIMEOUT'])
    other.asks()
    mesh.deliver()
    expect(other.told).toEqual(['lease'])
  })

  it('are told that somebody loads as long as they wait, and are not sent elsewhere', () => {
    const mesh = new Mesh()
    const [, second, third] = mesh.order
    mesh.of(second).asks(20_000, 10_000)
    mesh.deliver()
    mesh.of(third).asks(20_000, 10_000)
    let waiting = 0
    for (let ms = 0; ms < 6_000; ms += 100) {
      waiting += mesh.deliver().get(KIND.waiting) ?? 0
      for (const node of mesh.nodes.values())
        node.pass(100)
        // What has come is counted by the transport.
      ;(mesh.of(third).links.get(mesh.order[0]) as { receivedBytes: number }).receivedBytes = waiting
    }
    expect(waiting).toBeGreaterThanOrEqual(20)
    expect(mesh.of(third).told).toEqual([])
    mesh.of(second).fills('value')
    mesh.deliver()
    expect(mesh.of(third).told).toEqual(['value'])
  })

  it('go to the next member when the owner is silent, once for both who ask', () => {
    const mesh = new Mesh()
    const [, second, third] = mesh.order
    for (const id of [second, third]) mesh.of(id).asks()
    for (const id of [second, third]) mesh.of(id).pass(1_100)
    for (const id of [second, third]) mesh.of(id).links.get(mesh.order[0])?.writer.take()
    mesh.deliver()
    expect([mesh.of(second).told, mesh.of(third).told].map(told => told.length).sort()).toEqual([0, 1])
    const holder = mesh.of(mesh.of(second).lease ? second : third)
    holder.fills('value')
    mesh.deliver()
    expect([...mesh.of(second).told, ...mesh.of(third).told].sort()).toEqual(['filled', 'lease', 'value'])
  })

  it('are made here when the owner is of a version that knows of none', () => {
    const mesh = new Mesh()
    const asking = mesh.of(mesh.order[1])
    asking.asks()
    asking.asks()
    const { writer } = mesh.owner.links.get(mesh.order[1]) as Outlet
    new FrameReader(SMALL_FRAME_MAX).push(
      asking.links.get(mesh.order[0])?.writer.take() as Uint8Array,
      frame =>
        writer.error(
          frame.requestId,
          'ERR_MALFORMED_FRAME',
          'A request of kind 10 is unknown to this version',
        ),
    )
    mesh.deliver()
    asking.fills('value')
    expect(asking.told).toEqual(['lease', 'value', 'filled'])
    expect(asking.life.node.store.read('key', 1)).toBeUndefined()
  })

  it('are refused when too many wait already', () => {
    const mesh = new Mesh()
    const { owner } = mesh
    for (let i = 0; i <= BOUNDS.waitersMax + 1; i++) owner.asks()
    expect(owner.told).toEqual(['lease', 'ERR_OVERLOADED'])
    expect(owner.life.node.flights.stats.waiting).toBe(BOUNDS.waitersMax)
    owner.calls.close()
    expect(owner.told.length).toBe(BOUNDS.waitersMax + 2)
  })
})
