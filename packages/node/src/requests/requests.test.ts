import { NodeCore } from '@cachemesh/core'
import { createIdentity, createTransport, type Link, type Transport } from '@cachemesh/libp2p'
import { decodeMessage, encodeMessage, type Frame, type FrameWriter, KIND } from '@cachemesh/protocol'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { CacheMeshNode } from '../node.ts'
import { startBusyNode } from '../testing/busy-node.ts'
import { activeMembers, startMesh, startNode } from '../testing/mesh.ts'
import { instant } from '../time.ts'

describe('a burst of requests', () => {
  it('gives each its value or says that it is too much, and never a false miss', async () => {
    // So long that a busy machine is no reason.
    const [a, b] = (await startMesh(2, { timeout: '25s' })) as [CacheMeshNode, CacheMeshNode]
    const key = farKey(a)
    await b.set(key, new Uint8Array(60_000).fill(1))
    const results = await Promise.allSettled(Array.from({ length: 3_000 }, () => a.get(key)))
    for (const result of results) {
      if (result.status === 'fulfilled') expect((result.value as Uint8Array).length).toBe(60_000)
      else expect(result.reason).toMatchObject({ code: 'ERR_OVERLOADED' })
    }
    expect(results.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0)
    expect(a.stats.links).toBe(1)
  })
})

describe('an owner that is busy for a while', () => {
  it('loses no write that was acknowledged', async () => {
    // The owner has a thread of its own, which can be kept busy while this one goes on.
    const a = await startNode()
    const owner = await startBusyNode(a.addresses)
    await vi.waitFor(() => expect([a.stats.links, activeMembers(a)]).toEqual([1, 2]))
    const key = farKey(a)
    await a.set(key, 'before')
    owner.block(700)
    const written = a.set(key, 'after')
    expect(await a.get('unrelated')).toBeUndefined()
    await written
    expect(await a.get(key)).toBe('after')
  })
})

describe('a peer that breaks the rules', () => {
  it.each([
    ['a get answered with done', 'get', (w: FrameWriter, id: number) => w.done(id, 1, true)],
    [
      'a get answered with a kind of the future',
      'get',
      (w: FrameWriter, id: number) => w.message(25 as never, id, new Uint8Array(0)),
    ],
    ['a set answered with a miss', 'set', (w: FrameWriter, id: number) => w.miss(id)],
    [
      'an error without a number',
      'get',
      (w: FrameWriter, id: number) => w.message(KIND.error, id, Uint8Array.of(1)),
    ],
  ] as const)('fails the call and nothing else: %s', async (_, kind, answer) => {
    const a = await startNode()
    await rogueMember(a, answer)
    const key = farKey(a)
    const call = kind === 'get' ? a.get(key) : a.set(key, 1)
    await expect(call).rejects.toMatchObject({ code: 'ERR_MALFORMED_FRAME' })
    expect(a.stats.links).toBe(1)
  })
})

/** A key that the other of two members owns. */
function farKey(node: CacheMeshNode): string {
  for (let i = 0; ; i++) if (!node.route(`far ${i}`).local) return `far ${i}`
}

/** An admitted member with a real core and a real transport that answers requests as the test says. */
async function rogueMember(
  node: CacheMeshNode,
  answer: (writer: FrameWriter, id: number) => void,
): Promise<Transport> {
  const identity = await createIdentity()
  const options = {
    id: identity.id,
    meshId: 'cachemesh',
    seeds: node.addresses,
    cacheBytes: 2 ** 21,
    randomSeed: 1,
  }
  const core = new NodeCore(options, instant())
  const feed = (input: Parameters<NodeCore['step']>[0]) => {
    for (const output of core.step(input, instant())) {
      if (output.kind !== 'send') continue
      const link = transport.link(output.to)
      const { kind, body } = encodeMessage(output.message)
      link?.writer.message(kind, 0, body)
      link?.flushSoon()
    }
  }
  const frame = (link: Link, received: Frame) => {
    if (received.kind === KIND.get || received.kind === KIND.set) {
      answer(link.writer, received.requestId)
      link.flushSoon()
    } else if (received.kind >= KIND.pull) {
      feed({ kind: 'message', from: link.peer, message: decodeMessage(received.kind, received.body()) })
    }
  }
  const transport = await createTransport({
    meshId: 'cachemesh',
    keys: [],
    identity,
    listen: ['127.0.0.1:0'],
    stamp: core.stamp,
    handlers: {
      linkUp: link => feed({ kind: 'link-up', peer: link.peer }),
      linkDown: () => {},
      frame,
      announcement: () => {},
    },
  })
  onTestFinished(() => transport.close())
  await transport.listen()
  const attributes = { addresses: transport.addresses, gateways: {}, weight: 1, zone: '', software: 'rogue' }
  feed({ kind: 'attributes', attributes })
  await transport.dial(node.addresses)
  await vi.waitFor(() => expect(activeMembers(node)).toBe(2))
  return transport
}
