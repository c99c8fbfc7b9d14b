import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CacheMeshError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { FLAG, KIND } from './layout.ts'
import { BULK_FRAME_MAX, FrameReader, SMALL_FRAME_MAX } from './reader.ts'
import { FrameWriter } from './writer.ts'

const anyKey = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
const anyId = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 60 })
const anySafe = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
const anyEntry = fc.record({
  value: fc.uint8Array({ maxLength: 300 }),
  contentType: fc.constantFrom('', 'application/json', 'image/png', 'text/plain; charset=utf-8', 'text/öäü'),
  ttlMs: fc.integer({ min: 0, max: LIMITS.ttlMsMax }),
})
const anyPath = fc.record({
  hops: fc.array(anyId, { maxLength: LIMITS.hopsMax }),
  failed: fc.array(anyId, { maxLength: 3 }),
})

describe('frames', () => {
  it('come back as they were written, however the stream is cut', () => {
    const request = fc.record({
      id: fc.nat(0xffffffff),
      budget: fc.nat(0xffff),
      key: anyKey,
      path: anyPath,
      entry: anyEntry,
    })
    fc.assert(
      fc.property(
        fc.array(request, { maxLength: 8 }),
        fc.array(fc.nat(50)),
        anySafe,
        (requests, cuts, serial) => {
          const writer = new FrameWriter({ serial, digestPrefix: 0xdeadbeef, clock: 77 })
          for (const r of requests) writer.set(r.id, r.budget, r.key, r.path, r.entry)
          const seen: unknown[] = []
          const reader = new FrameReader(SMALL_FRAME_MAX)
          for (const piece of cut(writer.take() ?? new Uint8Array(0), cuts)) {
            reader.push(piece, frame => {
              expect([frame.kind, frame.serial, frame.digestPrefix, frame.clock]).toEqual([
                KIND.set,
                serial,
                0xdeadbeef,
                77,
              ])
              const { key, hops, failed } = frame.target()
              const { value, contentType, ttlMs } = frame.entry()
              seen.push({
                id: frame.requestId,
                budget: frame.budgetMs,
                key,
                path: { hops, failed },
                entry: { value: Uint8Array.from(value), contentType, ttlMs },
              })
            })
          }
          expect(seen).toEqual(requests)
          expect(reader.heldBytes).toBe(0)
        },
      ),
    )
  })

  it('carry every reply', () => {
    const writer = new FrameWriter()
    writer.hit(1, 2 ** 50, { value: Uint8Array.of(1, 2), contentType: '', ttlMs: 5 }, FLAG.forwarded)
    writer.miss(2)
    writer.done(3, 9, true)
    writer.error(4, 'ERR_OVERLOADED', 'The queue is full')
    writer.message(KIND.pull, 0, Uint8Array.of(0x90))
    const seen: unknown[] = []
    new FrameReader(SMALL_FRAME_MAX).push(writer.take() as Uint8Array, frame => {
      if (frame.kind === KIND.hit) seen.push([frame.version(), frame.forwarded, frame.entry().ttlMs])
      else if (frame.kind === KIND.done) seen.push([frame.version(), frame.existed])
      else if (frame.kind === KIND.error) seen.push(frame.error())
      else seen.push(frame.kind === KIND.miss ? 'miss' : frame.body())
    })
    expect(seen).toEqual([
      [2 ** 50, true, 5],
      'miss',
      [9, true],
      { number: 9, message: 'The queue is full' },
      Uint8Array.of(0x90),
    ])
  })

  it('never hand out bytes that a later frame overwrites', () => {
    const writer = new FrameWriter()
    const taken: Uint8Array[] = []
    const copies: Uint8Array[] = []
    for (let i = 0; i < 2_000; i++) {
      writer.hit(i, i, { value: new Uint8Array(i % 97).fill(i), contentType: '', ttlMs: 0 })
      if (i % 7 === 0) {
        const bytes = writer.take() as Uint8Array
        taken.push(bytes)
        copies.push(Uint8Array.from(bytes))
      }
    }
    expect(taken).toEqual(copies)
  })

  it('join a value of many chunks once, in memory of its own', () => {
    const value = new Uint8Array(1 << 20).fill(7)
    const writer = new FrameWriter()
    writer.hit(1, 1, { value, contentType: '', ttlMs: 0 })
    const bytes = writer.take() as Uint8Array
    const reader = new FrameReader(BULK_FRAME_MAX)
    let seen = 0
    for (let at = 0; at < bytes.length; at += 65_536) {
      reader.push(bytes.subarray(at, at + 65_536), frame => {
        frame.version()
        expect(frame.owned).toBe(true)
        expect(frame.entry().value).toEqual(value)
        seen++
      })
    }
    expect(seen).toBe(1)
  })

  it('let go of a chunk, unless a frame was read in it', () => {
    const written = (bytes: number): Uint8Array => {
      const writer = new FrameWriter()
      writer.hit(1, 1, { value: new Uint8Array(bytes).fill(7), contentType: '', ttlMs: 0 })
      return writer.take() as Uint8Array
    }
    const reader = new FrameReader(BULK_FRAME_MAX)
    const values: Uint8Array[] = []
    const push = (...pieces: Uint8Array[]): boolean => {
      const chunk = Uint8Array.from(Buffer.concat(pieces))
      const free = reader.push(chunk, frame => {
        frame.version()
        if (frame.owned) values.push(frame.entry().value)
      })
      if (free) chunk.fill(0xdd)
      return free
    }
    const [small, large] = [written(100), written(100_000)]
    expect(push(small)).toBe(false)
    expect(push(large)).toBe(true)
    expect(push(large, large.subarray(0, 2))).toBe(true)
    expect(push(large.subarray(2, 3))).toBe(true)
    expect(push(large.subarray(3, 50_000))).toBe(true)
    expect(push(large.subarray(50_000), large, small.subarray(0, 9))).toBe(true)
    expect(push(small.subarray(9), small.subarray(0, 3))).toBe(true)
    expect(push(small.subarray(3), small)).toBe(false)
    const whole = new Uint8Array(100_000).fill(7)
    expect(values.map(value => value.length)).toEqual([100_000, 100_000, 100_000, 100_000, 100, 100])
    for (const value of values) expect(Buffer.compare(value, whole.subarray(0, value.length))).toBe(0)
  })

  it('refuse anything else with the typed error alone', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (noise, plausible) => {
        // Half of the runs get a believable length, so that the noise is read as a body.
        const bytes = plausible ? withLength(noise) : noise
        const reader = new FrameReader(SMALL_FRAME_MAX)
        try {
          reader.push(bytes, frame => {
            if (frame.kind >= KIND.pull) frame.body()
            else if (frame.kind >= KIND.hit) [frame.version(), frame.entry()]
            else [frame.target(), frame.entry()]
          })
          expect(reader.heldBytes).toBeLessThanOrEqual(bytes.length)
        } catch (error) {
          expect(error).toBeInstanceOf(CacheMeshError)
          expect((error as CacheMeshError).code).toBe('ERR_MALFORMED_FRAME')
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it('of megabytes come back whole, with small ones around them, and their values are aligned', () => {
    const value = new Uint8Array(2_500_000).map((_, i) => (i * 31) >>> 4)
    const writer = new FrameWriter()
    for (const bytes of [100, 1_100_000, 50, 2_500_000, 0])
      writer.hit(bytes, 1, { value: value.subarray(0, bytes), contentType: '', ttlMs: 0 })
    const stream = writer.take() as Uint8Array
    for (const chunkBytes of [16_384, 300_001, 1_048_576, stream.length]) {
      const reader = new FrameReader(BULK_FRAME_MAX)
      const lengths: number[] = []
      for (let at = 0; at < stream.length; at += chunkBytes) {
        reader.push(stream.subarray(at, at + chunkBytes), frame => {
          frame.version()
          const { value: received } = frame.entry()
          expect(Buffer.compare(received, value.subarray(0, received.length))).toBe(0)
          if (frame.owned) expect(received.byteOffset % 8).toBe(0)
          lengths.push(received.length)
        })
      }
      expect([lengths, reader.heldBytes]).toEqual([[100, 1_100_000, 50, 2_500_000, 0], 0])
    }
  })

  it('refuse a length above the bound of the stream before a byte of it arrives', () => {
    const reader = new FrameReader(SMALL_FRAME_MAX)
    const length = new Uint8Array(4)
    new DataView(length.buffer).setUint32(0, 0x7fffffff, true)
    expect(() => reader.push(length, () => {})).toThrow(
      expect.objectContaining({ code: 'ERR_MALFORMED_FRAME' }),
    )
  })
})

function cut(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = []
  let at = 0
  for (const length of cuts) {
    pieces.push(bytes.slice(at, at + length))
    at += length
  }
  pieces.push(bytes.slice(at))
  return pieces
}

function withLength(noise: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(Math.max(32, noise.length + 4))
  bytes.set(noise, 4)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, bytes.length - 4, true)
  view.setUint8(20 + 3, 0) // keep serial and clock within 53 bits half of the time
  view.setUint32(20, view.getUint32(20, true) & 0x1f_ffff, true)
  view.setUint32(28, view.getUint32(28, true) & 0x1f_ffff, true)
  return bytes
}
