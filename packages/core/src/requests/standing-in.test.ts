import {
  BYTES,
  FLAG,
  type Frame,
  FrameReader,
  FrameWriter,
  hashKey,
  KIND,
  SMALL_FRAME_MAX,
} from '@cachemesh/protocol'
import { describe, expect, it } from 'vitest'
import { Life } from '../testing/life.ts'
import { configurationOf, memberOf } from '../testing/members.ts'
import { Calls } from './calls.ts'
import { Lookup } from './lookup.ts'
import type { Outlet } from './outlet.ts'
import { OwnWrite } from './own-write.ts'
import { Responder } from './responder.ts'

const HASH = hashKey('key')
const MEMBERS = ['a', 'b', 'c']
const AT = { now: 1_000, wall: 1_800_000_000_000 }
const VALUE = { value: new Uint8Array(3), contentType: BYTES, ttlMs: 0 }

/** A node of a mesh of three, with links that only these peers have. */
class Node {
  readonly life: Life
  readonly links = new Map<string, Outlet>()
  readonly calls: Calls
  readonly responder: Responder

  constructor(id: string, peers: readonly string[]) {
    const members = MEMBERS.map(member => memberOf(member, { state: 'active', incarnation: 1 }))
    this.life = new Life({ id, remembered: configurationOf(...members) }).warmed()
    const outlets = { links: this.links, link: (peer: string) => this.links.get(peer), open: () => false }
    this.calls = new Calls(this.life.node, outlets)
    this.responder = new Responder(this.life.node, this.calls)
    for (const peer of peers) {
      const writer = new FrameWriter(this.life.node.stamp)
      const quiet = { queuedBytes: 0, receivedBytes: 0, flushSoon: () => {}, sendBulk: () => {} }
      this.links.set(peer, { peer, writer, ...quiet })
    }
  }

  /** What it has for a peer is read there. */
  sends(peer: string, read: (frame: Frame) => void): void {
    const bytes = this.links.get(peer)?.writer.take()
    if (bytes !== undefined) new FrameReader(SMALL_FRAME_MAX).push(bytes, read)
  }
}

const [OWNER, SECOND, THIRD] = new Node('a', []).life.node.placement.preference(HASH) as [
  string,
  string,
  string,
]

/** A miss, or a write, as the third member is told of it, which asks who stands in for the owner by this way. */
function told(kind: 'get' | 'set', way: { readonly knows: boolean }): unknown[] {
  const asking = new Node(THIRD, way.knows ? [SECOND] : [OWNER, SECOND])
  const standing = new Node(SECOND, [THIRD])
  const results: unknown[] = []
  const { node } = asking.life
  const how = {
    node,
    askedAt: AT.now,
    deadline: 2_000,
    resolve: (_: unknown, certain?: boolean) => results.push(certain),
    reject: (error: unknown) => results.push(error),
  }
  if (kind === 'get') {
    const take = (_: unknown, certain: boolean) => results.push(certain)
    asking.calls.dispatch(new Lookup({ ...how, key: 'key', hash: HASH, take, resolve: () => {} }), AT)
  } else {
    const request = { kind, key: 'key', hash: HASH, entry: VALUE }
    asking.calls.dispatch(new OwnWrite({ ...how, request }), AT)
  }
  const peer = way.knows ? SECOND : OWNER
  asking.sends(peer, frame => standing.responder.request(standing.links.get(THIRD) as Outlet, frame, AT))
  standing.responder.through(AT)
  standing.sends(THIRD, frame => {
    expect([KIND.miss, KIND.done]).toContain(frame.kind)
    expect(frame.flags & FLAG.stoodIn).toBe(FLAG.stoodIn)
    asking.calls.reply(asking.links.get(peer) as Outlet, frame, AT)
  })
  return results
}

describe('what a member says that stands in for the owner of a key', () => {
  it.each(['get', 'set'] as const)('is not certain to one who knows why it was asked: %s', kind => {
    expect(told(kind, { knows: true })).toEqual([false])
  })

  it.each(['get', 'set'] as const)('is not certain to one who took it for the owner: %s', kind => {
    expect(told(kind, { knows: false })).toEqual([false])
  })

  it.each(['get', 'set'] as const)('is not certain to itself: %s', kind => {
    const node = new Node(SECOND, [THIRD])
    const results: boolean[] = []
    const reject = (error: unknown) => expect(error).toBeUndefined()
    const common = { node: node.life.node, askedAt: AT.now, deadline: 2_000, reject }
    if (kind === 'get') {
      const take = (_: unknown, certain: boolean) => results.push(certain)
      node.calls.dispatch(new Lookup({ ...common, key: 'key', hash: HASH, take, resolve: () => {} }), AT)
    } else {
      const request = { kind, key: 'key', hash: HASH, entry: VALUE }
      const resolve = (_: unknown, certain: boolean) => results.push(certain)
      node.calls.dispatch(new OwnWrite({ ...common, request, resolve }), AT)
    }
    expect(results).toEqual([false])
  })
})
