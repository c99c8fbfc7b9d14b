import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ErrorCode } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { EntryBody } from './entry-body.ts'
import type { Frame } from './frame.ts'
import { FLAG, HEAD_BYTES, KIND } from './layout.ts'
import { BULK_FRAME_MAX, FrameReader, SMALL_FRAME_MAX } from './reader.ts'
import type { RequestPath } from './sizes.ts'
import { FrameWriter } from './writer.ts'

const entryOf = (fields: Partial<EntryBody> = {}): EntryBody => ({
  value: Uint8Array.of(7),
  contentType: '',
  ttlMs: 0,
  ...fields,
})

type Write = (writer: FrameWriter) => void

describe('a writer', () => {
  const refused: readonly [string, ErrorCode, Write][] = [
    ['an empty key', 'ERR_INVALID_ARGUMENT', w => w.get(1, 1, '', {})],
    ['a key above the limit', 'ERR_INVALID_ARGUMENT', w => w.get(1, 1, 'ö'.repeat(2049), {})],
    ['three hops', 'ERR_INVALID_ARGUMENT', w => w.delete(1, 1, 'k', { hops: ['a', 'b', 'c'] })],
    ['17 failed members', 'ERR_INVALID_ARGUMENT', w => w.get(1, 1, 'k', { failed: new Array(17).fill('a') })],
    ['an empty node id', 'ERR_INVALID_ARGUMENT', w => w.get(1, 1, 'k', { hops: [''] })],
    [
      'a node id whose length wraps',
      'ERR_INVALID_ARGUMENT',
      w => w.get(1, 1, 'k', { failed: ['ö'.repeat(128)] }),
    ],
    [
      'a content type whose length wraps',
      'ERR_INVALID_ARGUMENT',
      w => w.hit(1, 1, entryOf({ contentType: 'ö'.repeat(128) })),
    ],
    [
      'a time to live above the limit',
      'ERR_INVALID_TTL',
      w => w.hit(1, 1, entryOf({ ttlMs: LIMITS.ttlMsMax + 1 })),
    ],
    [
      'a time to live that is NaN',
      'ERR_INVALID_TTL',
      w => w.set(1, 1, 'k', {}, entryOf({ ttlMs: Number.NaN })),
    ],
    [
      'a value above the limit',
      'ERR_VALUE_TOO_LARGE',
      w => w.set(1, 1, 'k', {}, entryOf({ value: new Uint8Array(LIMITS.valueBytesMax + 1) })),
    ],
    [
      'a message above the limit',
      'ERR_VALUE_TOO_LARGE',
      w => w.message(KIND.delta, 0, new Uint8Array(LIMITS.messageBytesMax + 1)),
    ],
  ]
  for (const [what, code, write] of refused) {
    it(`refuses ${what} and leaves nothing of the frame behind`, () => {
      const writer = new FrameWriter()
      writer.miss(1)
      const { length } = writer
      expect(() => write(writer)).toThrow(expect.objectContaining({ code }))
      expect(writer.length).toBe(length)
      writer.miss(2)
      expect(read(writer, frame => frame.requestId)).toEqual([1, 2])
    })
  }

  it('takes what is at its limits', () => {
    const id = 'x'.repeat(LIMITS.nodeIdBytesMax)
    const path: RequestPath = { hops: [id, id], failed: new Array(LIMITS.failedMax).fill(id) }
    const key = 'ö'.repeat(LIMITS.keyBytesMax / 2)
    const entry = entryOf({ contentType: `${'ö'.repeat(127)}x`, ttlMs: LIMITS.ttlMsMax })
    const writer = new FrameWriter()
    writer.set(1, 0xffff, key, path, entry)
    expect(read(writer, frame => [frame.target(), frame.entry()])).toEqual([[{ key, ...path }, entry]])
    // The largest value around which all this stands still is a frame of the bulk stream.
    const around = HEAD_BYTES + 4 + LIMITS.keyBytesMax + 18 * (1 + LIMITS.nodeIdBytesMax) + 8 + 2 + 255
    expect(LIMITS.valueBytesMax + around).toBeLessThanOrEqual(BULK_FRAME_MAX)
    expect(LIMITS.messageBytesMax + HEAD_BYTES).toBeLessThanOrEqual(BULK_FRAME_MAX)
  })

  it('gives a deadline that has passed no time, and a distant one all that fits', () => {
    const budgets = [-5, Number.NaN, 0.5, 12.9, 0xffff, 1e9, Number.POSITIVE_INFINITY]
    const writer = new FrameWriter()
    for (const budget of budgets) writer.get(1, budget, 'k', {})
    expect(read(writer, frame => frame.budgetMs)).toEqual([0, 0, 0, 12, 0xffff, 0xffff, 0xffff])
  })

  it('gives an entry that has expired the shortest life, and never the endless one', () => {
    const writer = new FrameWriter()
    for (const ttlMs of [-1, 0.2, 1, 1.5, 0]) writer.hit(1, 1, entryOf({ ttlMs }))
    expect(read(writer, frame => [frame.version(), frame.entry().ttlMs][1])).toEqual([1, 1, 1, 2, 0])
  })

  it('keeps every character of a key, a leading byte order mark too', () => {
    const anyKey = fc.string({
      unit: fc.constantFrom('\ufeff', '\0', 'a', 'ö', '語', '🗝', '\u2028'),
      minLength: 1,
    })
    fc.assert(
      fc.property(anyKey, key => {
        const writer = new FrameWriter()
        writer.get(1, 1, key, { hops: [key.slice(0, 9)].filter(id => id.isWellFormed() && id !== '') })
        expect(read(writer, frame => frame.target().key)).toEqual([key])
      }),
    )
  })

  it('passes a body on as it is, under a head of its own', () => {
    const first = new FrameWriter()
    first.hit(7, 12, entryOf({ value: Uint8Array.of(1, 2, 3), contentType: 'a/b', ttlMs: 9 }), 0, 500)
    const second = new FrameWriter({ serial: 3, digestPrefix: 4, clock: 5 })
    read(first, frame => second.message(KIND.hit, 8, frame.rest(), FLAG.forwarded))
    const passed = read(second, frame => {
      const { requestId, flags, leaseMs, serial, restBytes } = frame
      return { requestId, flags, leaseMs, serial, restBytes, version: frame.version(), ...frame.entry() }
    })
    expect(passed).toEqual([
      {
        ...{ requestId: 8, flags: FLAG.forwarded, leaseMs: 0, serial: 3, restBytes: 24, version: 12 },
        ...{ value: Uint8Array.of(1, 2, 3), contentType: 'a/b', ttlMs: 9 },
      },
    ])
  })

  it('says in every frame what its stamp says then', () => {
    const stamp = { serial: Number.MAX_SAFE_INTEGER, digestPrefix: 0xffffffff, clock: 0 }
    const writer = new FrameWriter(stamp)
    writer.miss(1)
    stamp.clock = 2 ** 52 + 1
    writer.error(2, 'ERR_TIMEOUT', '\ufeff too late')
    expect(read(writer, frame => [frame.serial, frame.digestPrefix, frame.clock])).toEqual([
      [Number.MAX_SAFE_INTEGER, 0xffffffff, 0],
      [Number.MAX_SAFE_INTEGER, 0xffffffff, 2 ** 52 + 1],
    ])
  })

  it('cuts the text of an error, not the frame', () => {
    const writer = new FrameWriter()
    writer.error(1, 'ERR_INTERNAL', '🗝'.repeat(9000))
    expect(read(writer, frame => frame.error().message)).toEqual(['🗝'.repeat(512)])
  })
})

function read<T>(writer: FrameWriter, look: (frame: Frame) => T): T[] {
  const seen: T[] = []
  new FrameReader(SMALL_FRAME_MAX).push(writer.take() ?? new Uint8Array(0), frame => seen.push(look(frame)))
  return seen
}

describe('a writer that keeps the value', () => {
  const value = new Uint8Array(100_000).map((_, i) => i * 7)
  const alteration = { operation: 'add', expected: 0, by: 0n, initial: undefined, tags: [] } as const
  const lease = { token: 1, leaseMs: 5, holder: 'a' }
  const kinds: readonly [string, (writer: FrameWriter, entry: EntryBody) => void][] = [
    ['hit', (w, entry) => w.hit(1, 2, entry)],
    ['set', (w, entry) => w.set(1, 2, 'key', {}, entry)],
    ['alter', (w, entry) => w.alter(1, 2, 'key', {}, { ...alteration, entry })],
    [
      'fill',
      (w, entry) => w.fill(1, 2, 'key', {}, { token: 1, kind: 'loaded', costMs: 1, freshMs: 1, entry }),
    ],
    ['lease', (w, entry) => w.lease(1, lease, { ...entry, version: 3 })],
  ]

  it.each(kinds)('hands it out as it is, and the same bytes as any other writer: %s', (_, write) => {
    const [plain, keeping] = [new FrameWriter(), new FrameWriter(undefined, true)]
    for (const writer of [plain, keeping]) write(writer, entryOf({ value }))
    expect(keeping.length).toBe(plain.length)
    const pieces = keeping.takePieces()
    expect(pieces[1]).toBe(value)
    expect(joined(pieces)).toEqual(plain.take())
    expect([keeping.length, keeping.takePieces()]).toEqual([0, []])
  })

  it('copies a part of larger memory, which may be used for something else', () => {
    const memory = new Uint8Array(200_000).fill(1)
    const writer = new FrameWriter(undefined, true)
    writer.hit(1, 2, entryOf({ value: memory.subarray(0, 100_000) }))
    memory.fill(2)
    expect(joined(writer.takePieces()).at(-1)).toBe(1)
  })

  it('copies the values of a batch, which others follow', () => {
    const [plain, keeping] = [new FrameWriter(), new FrameWriter(undefined, true)]
    for (const writer of [plain, keeping]) {
      const entry = entryOf({ value })
      writer.setMany(1, 2, [
        { key: 'a', tags: [], entry },
        { key: 'b', tags: [], entry },
      ])
      writer.answers(1, [
        { kind: 'hit', place: 0, flags: 0, version: 1, entry },
        { kind: 'miss', place: 1, flags: 0 },
      ])
    }
    expect(joined(keeping.takePieces())).toEqual(plain.take())
  })
})

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(pieces.flatMap(piece => [...piece]))
}
