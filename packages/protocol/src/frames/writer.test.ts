import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ErrorCode } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { EntryBody } from './entry-body.ts'
import type { Frame } from './frame.ts'
import { HEAD_BYTES, KIND } from './layout.ts'
import { BULK_FRAME_MAX, FrameReader, SMALL_FRAME_MAX } from './reader.ts'
import { FrameWriter, type RequestPath } from './writer.ts'

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
