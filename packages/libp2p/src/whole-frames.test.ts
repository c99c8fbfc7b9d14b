import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { giveBack, WholeFrames } from './whole-frames.ts'

const KiB = 1024
const HEAD_BYTES = 12

/** A frame of yamux, filled with bytes that depend on where they stand. */
const frame = (type: number, length: number): Uint8Array => {
  const bytes = new Uint8Array(HEAD_BYTES + (type === 0 ? length : 0)).map((_, i) => (i * 31 + length) >>> 3)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, type)
  view.setUint32(8, length)
  return bytes
}
const anyLength = fc.oneof(
  fc.nat(300),
  fc.constantFrom(0, 32 * KiB - 1, 32 * KiB, 65 * KiB, 65 * KiB + 1, 200_000),
  fc.integer({ min: 30 * KiB, max: 67 * KiB }),
)
const anyFrame = fc
  .record({ type: fc.constantFrom(0, 0, 0, 1, 2), length: anyLength })
  .map(({ type, length }) => frame(type, length))
const anyCut = fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 40_000 }))

describe('whole frames', () => {
  it('hand on every byte in order, however the stream is cut, and none that is overwritten afterwards', () => {
    fc.assert(
      fc.property(
        fc.array(anyFrame, { maxLength: 8 }),
        fc.array(anyCut, { minLength: 1, maxLength: 9 }),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }),
        (sent, cuts, gives) => {
          const stream = Buffer.concat(sent)
          const received: Uint8Array[] = []
          const frames = new WholeFrames(piece => {
            // Some readers keep what they got, others copy it and give it back.
            if (!gives[received.length % gives.length]) return void received.push(piece)
            received.push(Uint8Array.from(piece))
            if (piece.length > HEAD_BYTES) giveBack(piece.subarray(HEAD_BYTES))
          })
          for (let at = 0, i = 0; at < stream.length; i++) {
            const chunk = Uint8Array.from(stream.subarray(at, at + (cuts[i % cuts.length] as number)))
            at += chunk.length
            if (frames.push(chunk)) chunk.fill(0xdd)
          }
          expect(Buffer.compare(Buffer.concat(received), stream)).toBe(0)
        },
      ),
      { numRuns: 300 },
    )
  })

  it('hand on a large frame as one piece, in memory that was given back', () => {
    const memories = new Set<ArrayBufferLike>()
    let pieces = 0
    const frames = new WholeFrames(piece => {
      pieces++
      expect(piece).toHaveLength(HEAD_BYTES + 50_000)
      memories.add(piece.buffer)
      giveBack(piece.subarray(HEAD_BYTES))
    })
    const stream = Buffer.concat(Array.from({ length: 10 }, () => frame(0, 50_000)))
    for (let at = 0; at < stream.length; at += 16 * KiB) {
      expect(frames.push(stream.subarray(at, at + 16 * KiB))).toBe(true)
    }
    expect([pieces, memories.size]).toEqual([10, 1])
  })

  it('use no memory again of which only a part was given back, nor twice what was given back twice', () => {
    const kept: Uint8Array[] = []
    const frames = new WholeFrames(piece => kept.push(piece))
    frames.push(frame(0, 40_000))
    const [first] = kept as [Uint8Array]
    giveBack(first.subarray(HEAD_BYTES, -1))
    giveBack(first.subarray(HEAD_BYTES + 1))
    giveBack(first)
    frames.push(frame(0, 40_000))
    expect(kept[1]?.buffer).not.toBe(first.buffer)
    for (let i = 0; i < 2; i++) giveBack(first.subarray(HEAD_BYTES))
    for (let i = 0; i < 2; i++) frames.push(frame(0, 40_000))
    expect(kept[2]?.buffer).toBe(first.buffer)
    expect(kept[3]?.buffer).not.toBe(first.buffer)
  })

  it('pass on as they are small frames, and those that no link sends', () => {
    for (const length of [0, 100, 32 * KiB - 1, 65 * KiB + 1, 2 ** 32 - 1]) {
      const pieces: Uint8Array[] = []
      const frames = new WholeFrames(piece => pieces.push(piece))
      const bytes = frame(0, Math.min(length, 70_000))
      new DataView(bytes.buffer).setUint32(8, length)
      expect(frames.push(bytes)).toBe(false)
      expect(pieces).toEqual([bytes])
      expect(pieces[0]?.buffer).toBe(bytes.buffer)
    }
  })
})
