import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { type Frame, FrameWriter, KIND } from '@cachemesh/protocol'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { closeAll, open } from './testing/mesh.ts'
import { until } from './testing/until.ts'

afterEach(closeAll)

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

  it('send the frames of a tick in one piece, in order', async () => {
    const [a, b] = [await open(), await open()]
    const link = await a.transport.dial(b.transport.addresses)
    for (let i = 0; i < 40; i++) {
      link.writer.get(i, 100, `key ${i}`, {})
      link.flushSoon()
    }
    expect(link.writer.length).toBeGreaterThan(40 * 32)
    await until(() => expect(b.frames).toHaveLength(40))
    expect(b.frames.map(frame => frame.key)).toEqual(Array.from({ length: 40 }, (_, i) => `key ${i}`))
    expect(link.queuedBytes).toBe(0)
  })

  it('send a great many frames of one tick in several pieces, in order', async () => {
    const [a, b] = [await open(), await open()]
    const link = await a.transport.dial(b.transport.addresses)
    for (let i = 0; i < 1000; i++) {
      link.writer.get(i, 100, `key ${i}`, {})
      link.flushSoon()
    }
    expect(link.writer.length).toBeLessThan(2 * 1024)
    await until(() => expect(b.frames).toHaveLength(1000))
    expect(b.frames.map(frame => frame.key)).toEqual(Array.from({ length: 1000 }, (_, i) => `key ${i}`))
  })

  it('send frames that are to stay together in larger pieces', async () => {
    const [a, b] = [await open(), await open()]
    const link = await a.transport.dial(b.transport.addresses)
    for (let i = 0; i < 100; i++) {
      link.writer.get(i, 100, `key ${i}`, {})
      link.flushSoon(true)
    }
    expect(link.writer.length).toBeGreaterThan(100 * 32)
    for (let i = 100; i < 1000; i++) {
      link.writer.get(i, 100, `key ${i}`, {})
      link.flushSoon(true)
    }
    expect(link.writer.length).toBeLessThan(8 * 1024)
    await until(() => expect(b.frames).toHaveLength(1000))
    expect(b.frames.map(frame => frame.key)).toEqual(Array.from({ length: 1000 }, (_, i) => `key ${i}`))
  })
})

describe('a link that ends', () => {
  it('goes down once on each side, and can be made again', async () => {
    const [a, b] = [await open(), await open()]
    const link = await a.transport.dial(b.transport.addresses)
    await until(() => expect(b.ups).toHaveLength(1))
    link.close()
    link.close()
    expect(a.downs).toEqual([{ link, reason: expect.objectContaining({ code: 'ERR_CLOSED' }) }])
    expect(a.transport.links.size).toBe(0)
    await until(() => expect(b.downs).toHaveLength(1))
    expect(b.downs[0]!.reason).toMatchObject({ code: 'ERR_UNREACHABLE' })
    expect(await a.transport.dial(b.transport.addresses, b.transport.id)).not.toBe(link)
    await until(() => expect(b.ups).toHaveLength(2))
    expect([a.downs, b.downs].map(list => list.length)).toEqual([1, 1])
  })

  it('still delivers what was sent before', async () => {
    const [a, b] = [await open(), await open()]
    const link = await a.transport.dial(b.transport.addresses)
    link.sendBulk(set('large', new Uint8Array(1024 * 1024)))
    link.writer.get(1, 100, 'small', {})
    link.flushSoon()
    link.close()
    await until(() => expect(b.downs).toHaveLength(1))
    expect(b.frames.map(frame => frame.key)).toEqual(['small', 'large'])
  })

  it('goes down when the bytes are no frame, or its body none of its kind, with that error', async () => {
    const body = Uint8Array.of(40, 0, 0, 0, KIND.get, ...new Array(39).fill(0))
    for (const bytes of [new Uint8Array(64).fill(0xff), body]) {
      const [a, b] = [await open(), await open()]
      const link = await a.transport.dial(b.transport.addresses)
      await until(() => expect(b.ups).toHaveLength(1))
      link.writer.take = () => bytes
      link.flushSoon()
      await until(() => expect(b.downs).toHaveLength(1))
      expect(b.downs[0]!.reason).toMatchObject({ code: 'ERR_MALFORMED_FRAME' })
      await until(() => expect(a.downs).toHaveLength(1))
    }
  })

  it('goes down when a handler throws, and the process lives on', async () => {
    const broken = () => {
      throw new Error('a mistake in a handler')
    }
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const a = await open()
    for (const handlers of [{ frame: broken }, { linkUp: broken }, { frame: broken, linkDown: broken }]) {
      const b = await open({}, handlers)
      const dial = a.transport.dial(b.transport.addresses)
      dial.then(
        link => [link.writer.get(1, 100, 'key', {}), link.flushSoon()],
        () => {}, // the other side may hang up before this one is up
      )
      if ('linkDown' in handlers) await until(() => expect(a.downs.at(-1)?.link.peer).toBe(b.transport.id))
      else await until(() => expect(b.downs).toHaveLength(1))
      for (const { reason } of b.downs) expect(reason).toMatchObject({ code: 'ERR_INTERNAL' })
      await until(() => expect([a, b].map(({ transport }) => transport.links.size)).toEqual([0, 0]))
    }
    expect(warned).toHaveBeenCalledTimes(2)
    warned.mockRestore()
  })

  it('is made again on a second connection, where there is one', async () => {
    // Two addresses of one listener, dialled at once without a peer id: two connections, one link.
    const b = await open({ listen: ['127.0.0.1:0', '127.0.0.2:0'] })
    const a = await open()
    const [one, two] = b.transport.addresses.map(address => address.replace(/\/p2p\/.*/, ''))
    const links = await Promise.all([a.transport.dial([one!]), a.transport.dial([two!])])
    expect(links[0]).toBe(links[1])
    await until(() => expect(b.ups).toHaveLength(1))
    links[0].writer.take = () => new Uint8Array(64).fill(0xff)
    links[0].flushSoon()
    await until(() => expect([a.ups, b.ups].map(list => list.length)).toEqual([2, 2]))
    expect([a.downs, b.downs].map(list => list.length)).toEqual([1, 1])
    a.transport.link(b.transport.id)!.writer.get(1, 100, 'again', {})
    a.transport.link(b.transport.id)!.flushSoon()
    await until(() => expect(b.frames.at(-1)).toMatchObject({ key: 'again' }))
  })
})

describe('dialling', () => {
  it('fails for an address where nobody listens, and for one of no form', async () => {
    const { transport } = await open()
    const free = await open()
    const [address] = free.transport.addresses
    await free.transport.close()
    const refused = { code: 'ERR_CONNECTION_REFUSED', message: expect.stringContaining('Nothing listens at') }
    await expect(transport.dial([address!])).rejects.toMatchObject(refused)
    await expect(transport.dial([address!, '127.0.0.1:1'], free.transport.id)).rejects.toMatchObject(refused)
    // One address of several that may only be slow is not a node that is gone.
    await expect(transport.dial([address!, 'name.invalid:1'])).rejects.toMatchObject({
      code: 'ERR_UNREACHABLE',
    })
    await expect(transport.dial([])).rejects.toMatchObject({ code: 'ERR_UNREACHABLE' })
    await expect(transport.dial(['nonsense'])).rejects.toMatchObject({ code: 'ERR_INVALID_ADDRESS' })
    await expect(transport.dial(['name.invalid:1'])).rejects.toMatchObject({ code: 'ERR_UNREACHABLE' })
  })

  it('goes on to the next address', async () => {
    const [a, b] = [await open(), await open()]
    const link = await a.transport.dial([
      '127.0.0.1:1',
      'nonsense',
      ...a.transport.addresses,
      ...b.transport.addresses,
    ])
    expect(link.peer).toBe(b.transport.id)
  })

  it('notices that it dials itself', async () => {
    const { transport } = await open()
    const [address] = transport.addresses
    const itself = { code: 'ERR_INVALID_ARGUMENT', message: expect.stringContaining('this node itself') }
    await expect(transport.dial([address!])).rejects.toMatchObject(itself)
    await expect(transport.dial([address!.replace(/\/p2p\/.*/, '')])).rejects.toMatchObject(itself)
    await expect(transport.dial([], transport.id)).rejects.toMatchObject(itself)
  })

  it('does not take another node for the one that was meant', async () => {
    const [a, b, c] = [await open(), await open(), await open()]
    const [address] = b.transport.addresses
    await expect(a.transport.dial([address!.replace(/\/p2p\/.*/, '')], c.transport.id)).rejects.toMatchObject(
      {
        code: 'ERR_UNREACHABLE',
      },
    )
    expect(a.ups).toEqual([])
  })

  it('gives up after its time, on a listener that never answers', async () => {
    const { transport } = await open()
    const silent = createServer(() => {}).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as AddressInfo
    const dial = transport.dial([`127.0.0.1:${port}`], undefined, { timeoutMs: 100 })
    await expect(dial).rejects.toMatchObject({ code: 'ERR_UNREACHABLE' })
    const aborted = new AbortController()
    const dialling = transport.dial([`127.0.0.1:${port}`], undefined, { signal: aborted.signal })
    aborted.abort()
    await expect(dialling).rejects.toMatchObject({ code: 'ERR_UNREACHABLE' })
    silent.close()
  })

  it('is over when the transport closes', async () => {
    const [a, b] = [await open(), await open()]
    const dial = a.transport.dial(b.transport.addresses)
    const closing = a.transport.close()
    await expect(dial).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    await closing
    await expect(a.transport.dial(b.transport.addresses)).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  })
})

describe('large frames', () => {
  it('arrive whole and in order, and small ones are not held up', async () => {
    const [a, b] = [await open(), await open()]
    const link = await a.transport.dial(b.transport.addresses)
    const value = new Uint8Array(32 * 1024 * 1024).map((_, i) => (i * 31) >>> 3)
    for (const name of ['first', 'second']) {
      link.sendBulk(set(name, value))
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

  it('stay as they arrived while others of every size follow them, small ones between, both ways', async () => {
    const kept = [new Map<string, Uint8Array>(), new Map<string, Uint8Array>()] as const
    const keep = (values: Map<string, Uint8Array>) => (_: unknown, frame: Frame) => {
      const { key } = frame.target()
      const { value } = frame.entry()
      values.set(key, frame.owned ? value : value.slice())
    }
    const [a, b] = [await open({}, { frame: keep(kept[0]) }), await open({}, { frame: keep(kept[1]) })]
    const there = await a.transport.dial(b.transport.addresses)
    await until(() => expect(b.ups).toHaveLength(1))
    const sizes = [70_000, 65_536, 131_072, 300, 15_000, 40_000, 66_000, 1_200_000, 17_000, 200_000, 65_473]
    const sent = Array.from({ length: 100 }, (_, i) =>
      new Uint8Array(sizes[i % sizes.length] as number).map((_, at) => (at * 31 + i * 7) >>> 3),
    )
    for (const [i, value] of sent.entries()) {
      for (const link of [there, b.ups[0]!]) {
        if (value.length > 60_000) link.sendBulk(set(`key ${i}`, value))
        else link.writer.set(1, 0, `key ${i}`, {}, { value, contentType: '', ttlMs: 0 })
        link.flushSoon()
      }
      if (i % 10 === 0) await new Promise(setImmediate)
    }
    await until(() => expect(kept.map(values => values.size)).toEqual([100, 100]), 20_000)
    for (const values of kept) {
      const wrong = sent.filter((value, i) => Buffer.compare(values.get(`key ${i}`)!, value) !== 0)
      expect(wrong).toEqual([])
    }
  })
})

function set(name: string, value: Uint8Array): Uint8Array[] {
  const writer = new FrameWriter(undefined, true)
  writer.set(1, 0, name, {}, { value, contentType: 'image/png', ttlMs: 0 })
  return writer.takePieces()
}
