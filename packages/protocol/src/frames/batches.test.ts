import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CacheMeshError, type ErrorCode } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { type Alteration, alterationOf, COUNT_MAX, OPERATIONS } from './alter-bodies.ts'
import type { BatchAnswer } from './batch-bodies.ts'
import type { Frame } from './frame.ts'
import { KIND } from './layout.ts'
import { BULK_FRAME_MAX, FrameReader } from './reader.ts'
import { FrameWriter } from './writer.ts'

const anyKey = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
const anyCount = fc.bigInt(0n, COUNT_MAX)
const anySafe = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
const anyTags = fc.array(fc.nat(LIMITS.tagSlotsMax - 1), { maxLength: LIMITS.tagsMax })
const anyEntry = fc.record({
  value: fc.uint8Array({ maxLength: 100 }),
  contentType: fc.constantFrom('', 'application/json', 'image/png', 'text/öäü'),
  ttlMs: fc.integer({ min: 0, max: LIMITS.ttlMsMax }),
})
const anyAlteration: fc.Arbitrary<Alteration> = fc.record({
  operation: fc.constantFrom(...OPERATIONS),
  expected: anySafe,
  by: anyCount,
  initial: fc.option(anyCount, { nil: undefined }),
  tags: anyTags,
  entry: anyEntry,
})
const anyAnswer: fc.Arbitrary<BatchAnswer> = fc
  .oneof(
    fc.record({ kind: fc.constant('hit' as const), version: anySafe, entry: anyEntry }),
    fc.record({ kind: fc.constant('miss' as const) }),
    fc.record({ kind: fc.constant('done' as const), version: anySafe }),
    fc.record({
      kind: fc.constant('error' as const),
      code: fc.constant<ErrorCode>('ERR_UNAVAILABLE'),
      message: fc.string(),
    }),
  )
  .chain(said =>
    fc.record({ place: fc.nat(0xffff), flags: fc.nat(0xff) }).map(where => ({ ...where, ...said })),
  )

describe('frames of writes and batches', () => {
  it('come back as they were written', () => {
    const anyWrites = fc.array(fc.record({ key: anyKey, tags: anyTags, entry: anyEntry }), { maxLength: 6 })
    fc.assert(
      fc.property(
        anyKey,
        anyAlteration,
        anyWrites,
        fc.array(anyAnswer, { maxLength: 6 }),
        (key, alteration, writes, answers) => {
          const writer = new FrameWriter()
          const keys = writes.map(write => write.key)
          writer.alter(1, 1, key, {}, alteration)
          writer.getMany(2, 1, keys)
          writer.setMany(3, 1, writes)
          writer.answers(4, answers)
          const seen: unknown[] = []
          read(writer.take() as Uint8Array, frame => {
            if (frame.kind === KIND.alter) seen.push(frame.target().key, plain(frame.alteration()))
            else if (frame.kind === KIND.getMany) seen.push(frame.keys())
            else if (frame.kind === KIND.setMany) seen.push(frame.writes().map(plain))
            else seen.push(answersIn(frame))
          })
          expect(seen).toEqual([key, alteration, keys, writes, answers.map(whole)])
        },
      ),
    )
  })

  it('say how a write ended, and what a counter stands at', () => {
    const writer = new FrameWriter()
    writer.altered(1, { outcome: 'stored', version: 5, count: COUNT_MAX })
    writer.altered(2, { outcome: 'not-found', version: 0 })
    const seen: unknown[] = []
    read(writer.take() as Uint8Array, frame => seen.push(frame.altered()))
    expect(seen).toEqual([
      { outcome: 'stored', version: 5, count: COUNT_MAX },
      { outcome: 'not-found', version: 0 },
    ])
  })

  it('refuse anything else with the typed error alone', () => {
    const bodies = [
      (frame: Frame) => [frame.target(), frame.alteration()],
      (frame: Frame) => frame.altered(),
      (frame: Frame) => frame.keys(),
      (frame: Frame) => frame.writes(),
      answersIn,
    ]
    const anyCut = fc.record({
      writes: fc.array(fc.record({ key: anyKey, tags: anyTags, entry: anyEntry }), {
        minLength: 1,
        maxLength: 3,
      }),
      at: fc.nat(300),
      byte: fc.nat(255),
      cut: fc.nat(40),
    })
    fc.assert(
      fc.property(anyCut, fc.constantFrom(...bodies), ({ writes, at, byte, cut }, body) => {
        const writer = new FrameWriter()
        writer.setMany(1, 1, writes)
        const bytes = (writer.take() as Uint8Array).slice(0)
        // One byte of the body says something else, and some at the end are missing.
        const length = Math.max(36, bytes.length - cut)
        bytes[32 + (at % (bytes.length - 32))] = byte
        new DataView(bytes.buffer).setUint32(0, length - 4, true)
        try {
          read(bytes.subarray(0, length), frame => body(frame))
        } catch (error) {
          expect(error).toBeInstanceOf(CacheMeshError)
          expect((error as CacheMeshError).code).toBe('ERR_MALFORMED_FRAME')
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it('refuse more keys than a batch may have, and numbers that no version knows', () => {
    const writer = new FrameWriter()
    writer.getMany(1, 1, new Array(LIMITS.batchMax + 1).fill('k'))
    expect(() => read(writer.take() as Uint8Array, frame => frame.keys())).toThrow(/batch of 1025/)
    writer.alter(1, 1, 'k', {}, alterationOf('set', {}))
    const bytes = (writer.take() as Uint8Array).slice(0)
    bytes[32 + 4 + 1] = 99
    expect(() => read(bytes, frame => [frame.target(), frame.alteration()])).toThrow(/operation 99/)
  })
})

function read(bytes: Uint8Array, take: (frame: Frame) => void): void {
  new FrameReader(BULK_FRAME_MAX).push(bytes, take)
}

function answersIn(frame: Frame): unknown[] {
  const answers: unknown[] = []
  frame.answers(place => {
    const said = { place, flags: frame.flags, kind: frame.kind }
    if (frame.kind === KIND.hit)
      answers.push({ ...said, version: frame.version(), entry: plain(frame.entry()) })
    else if (frame.kind === KIND.done) answers.push({ ...said, version: frame.version() })
    else if (frame.kind === KIND.error) answers.push({ ...said, message: frame.error().message })
    else answers.push(said)
  })
  return answers
}

function whole(answer: BatchAnswer): unknown {
  const { place, flags } = answer
  const said = { place, flags, kind: KIND[answer.kind] }
  if (answer.kind === 'hit') return { ...said, version: answer.version, entry: answer.entry }
  if (answer.kind === 'done') return { ...said, version: answer.version }
  return answer.kind === 'error' ? { ...said, message: answer.message } : said
}

/** Views into the frame become bytes of their own. */
function plain<T extends object>(of: T): unknown {
  if ('entry' in of) return { ...of, entry: plain(of.entry as object) }
  return 'value' in of ? { ...of, value: Uint8Array.from(of.value as Uint8Array) } : of
}
