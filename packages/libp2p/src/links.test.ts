import { FrameWriter, KIND } from '@cachemesh/protocol'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { closeAll, open } from './testing/mesh.ts'

afterEach(closeAll)

const until = vi.waitFor

describe('links', () => {
  it('carry frames both ways', async () => {
    const [a, b] = [await open(), await open()]
    const link = await a.transport.dial(b.transport.addresses)
    expect(link.peer).toBe(b.transport.id)
    await until(() => expect(b.transport.link(a.transport.id)).toBeDefined())
    link.writer.get(7, 100, 'there', {})
    link.flushSoon()
    const back = b.transport.link(a.transport.id)!
    back.writer.get(8, 100, 'and back', {})
    back.flushSoon()
    await until(() => expect(b.frames).toEqual([{ from: a.transport.id, kind: KIND.get, key: 'there' }]))
    await until(() => expect(a.frames).toEqual([{ from: b.transport.id, kind: KIND.get, key: 'and back' }]))
  })

  it('come up once on each side when two nodes dial each other at the same moment', async () => {
    for (let round = 0; round < 5; round++) {
      const [a, b] = [await open(), await open()]
      const dials = [
        a.transport.dial(b.transport.addresses, b.transport.id),
        b.transport.dial(a.transport.addresses, a.transport.id),
        a.transport.dial(b.transport.addresses),
        b.transport.dial(a.transport.addresses),
      ]
      const links = await Promise.all(dials)
      expect(links[2]).toBe(links[0])
      expect(links[3]).toBe(links[1])
      expect([a.ups, b.ups, a.downs, b.downs].map(list => list.length)).toEqual([1, 1, 0, 0])
      await closeAll()
    }
  })

  it('send all frames of a tick in one piece, in order', async () => {
    const [a, b] = [await open(), await open()]
    const link = await a.transport.dial(b.transport.addresses)
    for (let i = 0; i < 1000; i++) {
      link.writer.get(i, 100, `key ${i}`, {})
      link.flushSoon()
    }
    expect(link.queuedBytes).toBeGreaterThan(1000 * 32)
    await until(() => expect(b.frames).toHaveLength(1000))
    expect(b.frames.map(frame => frame.key)).toEqual(Array.from({ length: 1000 }, (_, i) => `key ${i}`))
    expect(link.queuedBytes).toBe(0)
  })
})

describe('large frames', () => {
  it('arrive whole and in order, and small ones are not held up', async () => {
    const [a, b] = [await open(), await open()]
    const link = await a.transport.dial(b.transport.addresses)
    const value = new Uint8Array(32 * 1024 * 1024).map((_, i) => (i * 31) >>> 3)
    for (const name of ['first', 'second']) {
      const writer = new FrameWriter()
      writer.set(1, 0, name, {}, { value, contentType: 'image/png', ttlMs: 0 })
      link.sendBulk(writer.take()!)
    }
    expect(link.queuedBytes).toBeGreaterThan(60 * 1024 * 1024)
    link.writer.get(2, 100, 'small', {})
    link.flushSoon()
    await until(() => expect(b.frames).toHaveLength(3), 20_000)
    expect(b.frames.map(frame => frame.key)).toEqual(['small', 'first', 'second'])
    expect(Buffer.compare(b.values.get('first')!, value)).toBe(0)
    expect(Buffer.compare(b.values.get('second')!, value)).toBe(0)
    expect(link.queuedBytes).toBe(0)
  })
})
