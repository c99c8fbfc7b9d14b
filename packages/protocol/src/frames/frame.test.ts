import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CacheMeshError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { Frame } from './frame.ts'
import { FLAG, HEAD_BYTES, KIND } from './layout.ts'
import type { FillBody } from './load-bodies.ts'
import { FrameReader, SMALL_FRAME_MAX } from './reader.ts'
import { FrameWriter } from './writer.ts'

const malformed = expect.objectContaining({ code: 'ERR_MALFORMED_FRAME' })

const FILL: FillBody = {
  token: 2 ** 50,
  kind: 'loaded',
  costMs: 12,
  freshMs: 4,
  entry: { value: Uint8Array.of(5), contentType: 'text/x', ttlMs: 5 },
}

/** One frame of each kind, as a peer writes them. */
const FRAMES: readonly Uint8Array[] = [
  frameOf(w => w.get(1, 9, 'key', { hops: ['a', 'bc'], failed: ['def'] })),
  frameOf(w => w.set(2, 9, 'clé', {}, { value: Uint8Array.of(1, 2, 3), contentType: 'text/x', ttlMs: 5 })),
  frameOf(w => w.delete(3, 9, 'key', {})),
  frameOf(w => w.hit(4, 2 ** 40, { value: Uint8Array.of(1), contentType: '', ttlMs: 0 })),
  frameOf(w => w.miss(5)),
  frameOf(w => w.done(6, 7, true)),
  frameOf(w => w.error(7, 'ERR_TIMEOUT', 'zu spät')),
  frameOf(w => w.load(8, 9, 'key', { hops: ['a'] }, { claim: false, leaseMs: 70_000, staleAfterMs: 5 })),
  frameOf(w => w.fill(9, 9, 'key', {}, FILL)),
  frameOf(w => w.release(10, 9, 'key', {}, { token: 7, code: 'ERR_LOADER', message: 'no' })),
  frameOf(w => w.lease(11, { token: 7, leaseMs: 9, holder: 'abc' })),
  frameOf(w => w.lease(12, { token: 7, leaseMs: 9, holder: 'abc' }, { ...FILL.entry, version: 3 })),
  frameOf(w => w.waiting(13)),
  frameOf(w => w.invalidate(14, 9, 'key', 7)),
  frameOf(w => w.hit(15, 7, { value: Uint8Array.of(1), contentType: '', ttlMs: 0 }, FLAG.copied, 2_000)),
  frameOf(w => w.message(KIND.pull, 0, Uint8Array.of(0x90))),
]

describe('a frame', () => {
  it('with any bytes changed is read, or refused with the typed error alone', () => {
    const anyChange = fc.record({
      at: fc.nat(),
      to: fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff)),
    })
    fc.assert(
      fc.property(
        fc.constantFrom(...FRAMES),
        fc.array(anyChange, { minLength: 1, maxLength: 4 }),
        (frame, changes) => {
          const bytes = Uint8Array.from(frame)
          // The length stays: it is what the next test but one is about.
          for (const { at, to } of changes) bytes[4 + (at % (bytes.length - 4))] = to
          try {
            readAll(bytes)
          } catch (error) {
            expect(error).toBeInstanceOf(CacheMeshError)
            expect(error).toEqual(malformed)
          }
        },
      ),
      { numRuns: 3000 },
    )
  })

  it('cut short at any byte is refused, or has nothing at its end that it needs', () => {
    for (const frame of FRAMES) {
      const whole = readAll(frame)
      for (let length = HEAD_BYTES; length < frame.length; length++) {
        const cut = frame.slice(0, length)
        new DataView(cut.buffer).setUint32(0, length - 4, true)
        const result = resultOf(() => readAll(cut))
        if (result !== 'refused') expect(whole).toMatchObject(result as object)
      }
    }
  })

  it('may have more at its end in a newer version, where it has no value there', () => {
    for (const kind of [KIND.get, KIND.delete, KIND.load, KIND.miss, KIND.done, KIND.waiting] as const) {
      const frame = FRAMES.find(bytes => bytes[4] === kind) as Uint8Array
      const longer = new Uint8Array(frame.length + 3).fill(0xff)
      longer.set(frame)
      new DataView(longer.buffer).setUint32(0, longer.length - 4, true)
      expect(readAll(longer)).toEqual(readAll(frame))
    }
  })

  const target = HEAD_BYTES
  const bad: Readonly<Record<string, (view: DataView) => void>> = {
    'a serial of 2^53': view => view.setUint32(20, 0x20_0000, true),
    'a clock of 2^53': view => view.setUint32(28, 0x20_0000, true),
    'a key of no bytes': view => view.setUint16(target, 0, true),
    'a key longer than the frame': view => view.setUint16(target, 4000, true),
    'a key above the limit': view => view.setUint16(target, LIMITS.keyBytesMax + 1, true),
    'three hops': view => view.setUint8(target + 2, 3),
    '17 failed members': view => view.setUint8(target + 3, 17),
    'a key that is not UTF-8': view => view.setUint8(target + 4, 0xff),
    'half a surrogate pair in UTF-8': view => view.setUint32(target + 4, 0x80a0edff),
    'a node id of no bytes': view => view.setUint8(target + 7, 0),
    'a node id above the limit': view => view.setUint8(target + 7, LIMITS.nodeIdBytesMax + 1),
  }
  for (const [what, change] of Object.entries(bad)) {
    it(`is refused with ${what}`, () => {
      const bytes = Uint8Array.from(FRAMES[0] as Uint8Array)
      change(new DataView(bytes.buffer))
      expect(() => readAll(bytes)).toThrow(malformed)
    })
  }

  it('is refused with more failed members than a preference list has, though all are there', () => {
    const ids = (count: number) => new Array<string>(count).fill('a')
    const full = frameOf(w => w.get(1, 9, 'k', { failed: ids(LIMITS.failedMax) }))
    const bytes = new Uint8Array(full.length + 2)
    bytes.set(full)
    bytes.set([1, 0x61], full.length)
    bytes[HEAD_BYTES + 3] = LIMITS.failedMax + 1
    new DataView(bytes.buffer).setUint32(0, bytes.length - 4, true)
    expect(readAll(full)).toEqual([{ key: 'k', hops: [], failed: ids(LIMITS.failedMax) }])
    expect(() => readAll(bytes)).toThrow(malformed)
  })

  it('is refused with a time to live above the limit, or a content type that this version does not know', () => {
    for (const [at, byte] of [
      [HEAD_BYTES + 8 + 6, 1],
      [HEAD_BYTES + 8 + 8, 200],
    ] as const) {
      const bytes = Uint8Array.from(FRAMES[3] as Uint8Array)
      bytes[at] = byte
      expect(() => readAll(bytes)).toThrow(malformed)
    }
  })
})

describe('a reader', () => {
  it('reads frames that come in crumbs, and does not hold one piece for each', () => {
    const value = new Uint8Array(60_000).map((_, i) => i)
    const bytes = frameOf(w => {
      w.hit(1, 1, { value, contentType: '', ttlMs: 0 })
      w.miss(2)
    })
    const reader = new FrameReader(SMALL_FRAME_MAX)
    const seen: unknown[] = []
    for (let at = 0; at < bytes.length; at++) {
      expect(reader.heldBytes).toBeLessThanOrEqual(at)
      reader.push(bytes.subarray(at, at + 1), frame => {
        seen.push(
          frame.kind === KIND.hit ? [frame.version(), Uint8Array.from(frame.entry().value)] : frame.requestId,
        )
      })
    }
    expect(seen).toEqual([[1, value], 2])
    expect(reader.heldBytes).toBe(0)
  })

  it('keeps crumbs in order, whatever their sizes', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1500), { minLength: 1, maxLength: 60, size: 'max' }), sizes => {
        const value = new Uint8Array(20_000).map((_, i) => i * 31)
        const bytes = frameOf(w => w.hit(1, 1, { value, contentType: '', ttlMs: 0 }))
        const reader = new FrameReader(SMALL_FRAME_MAX)
        let at = 0
        let seen: Uint8Array | undefined
        for (let i = 0; at < bytes.length; i++) {
          const size = (sizes[i % sizes.length] ?? 0) + 1
          reader.push(bytes.subarray(at, at + size), frame => {
            frame.version()
            seen = Uint8Array.from(frame.entry().value)
          })
          at += size
        }
        expect(seen).toEqual(value)
      }),
    )
  })

  it('refuses a length below a head or above its stream, before a byte of the frame arrives', () => {
    for (const length of [0, HEAD_BYTES - 5, SMALL_FRAME_MAX - 3, 0xffffffff]) {
      for (const crumbs of [1, 4]) {
        const bytes = new Uint8Array(4)
        new DataView(bytes.buffer).setUint32(0, length, true)
        const reader = new FrameReader(SMALL_FRAME_MAX)
        expect(() => {
          for (let at = 0; at < 4; at += crumbs) reader.push(bytes.subarray(at, at + crumbs), () => {})
        }).toThrow(malformed)
      }
    }
  })
})

function frameOf(write: (writer: FrameWriter) => void): Uint8Array {
  const writer = new FrameWriter({ serial: 5, digestPrefix: 6, clock: 7 })
  write(writer)
  return Uint8Array.from(writer.take() as Uint8Array)
}

function readAll(bytes: Uint8Array): unknown {
  const seen: unknown[] = []
  new FrameReader(SMALL_FRAME_MAX).push(bytes, frame => seen.push(readBody(frame)))
  return seen
}

function readBody(frame: Frame): unknown {
  switch (frame.kind) {
    case KIND.get:
    case KIND.delete:
      return frame.target()
    case KIND.set:
      return { ...frame.target(), ...copied(frame) }
    case KIND.load:
      return { ...frame.target(), ...frame.wish() }
    case KIND.fill:
      return fillOf(frame)
    case KIND.release:
      return { ...frame.target(), token: frame.release().token }
    case KIND.lease:
      return { ...frame.lease(), ...(frame.stale && { version: frame.version(), ...copied(frame) }) }
    case KIND.hit:
      return { version: frame.version(), leaseMs: frame.leaseMs, ...copied(frame) }
    case KIND.invalidate:
      return { ...frame.target(), version: frame.version() }
    case KIND.done:
      return { version: frame.version(), existed: frame.existed }
    case KIND.error:
      return { number: frame.error().number }
    default:
      return frame.kind >= KIND.pull ? { message: frame.body().length > -1 } : { kind: frame.kind }
  }
}

function fillOf(frame: Frame): object {
  const target = frame.target()
  const { token, kind, costMs, freshMs, entry } = frame.fill()
  return { ...target, token, kind, costMs, freshMs, ttlMs: entry.ttlMs }
}

function copied(frame: Frame): { contentType: string; ttlMs: number } {
  const { contentType, ttlMs } = frame.entry()
  return { contentType, ttlMs }
}

function resultOf(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    expect(error).toEqual(malformed)
    return 'refused'
  }
}
