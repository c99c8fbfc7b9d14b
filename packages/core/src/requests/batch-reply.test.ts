import { BULK_FRAME_MAX, FLAG, type Frame, FrameReader, FrameWriter } from '@cachemesh/protocol'
import { expect, it } from 'vitest'
import { BatchReply } from './batch-reply.ts'
import type { KeyReply } from './reply.ts'

/** Flags of the answers to a batch by their places, and the lease that the frame says. */
function answered(give: (places: readonly [KeyReply, KeyReply, KeyReply], asked: () => void) => void) {
  const writer = new FrameWriter()
  const large: Uint8Array[] = []
  const sendBulk = (frame: readonly Uint8Array[]) => large.push(...frame)
  const outlet = { peer: 'p', writer, queuedBytes: 0, receivedBytes: 0, flushSoon: () => {}, sendBulk }
  const batch = new BatchReply(outlet, 7, writer.stamp)
  give([batch.place(0), batch.place(1), batch.place(2)], () => batch.asked())
  const flags: number[] = []
  let leaseMs = 0
  new FrameReader(BULK_FRAME_MAX).push(
    Buffer.concat([writer.take() ?? Buffer.alloc(0), ...large]),
    (frame: Frame) => {
      leaseMs = frame.budgetMs
      frame.answers(place => {
        flags[place] = frame.flags
      })
    },
  )
  return { flags, leaseMs }
}

function entry(bytes: number) {
  return { value: new Uint8Array(bytes), contentType: '', ttlMs: 0 }
}

it('grants copies for the shortest lease among them', () => {
  const said = answered(([a, b, c], asked) => {
    a.hit(1, entry(10), FLAG.copied, 900)
    b.hit(2, entry(10))
    c.hit(3, entry(10), FLAG.copied, 500)
    asked()
  })
  expect(said).toEqual({ flags: [FLAG.copied, 0, FLAG.copied], leaseMs: 500 })
})

it('grants none where another member has to answer first: a write may come before, and its word overtake the grant', () => {
  const said = answered(([a, b, c], asked) => {
    a.hit(1, entry(10), FLAG.copied, 900)
    b.miss()
    asked()
    // Of who shares the arc: it may not be kept either.
    c.hit(3, entry(10), FLAG.copied)
  })
  expect(said).toEqual({ flags: [0, 0, FLAG.copied], leaseMs: 0 })
})

it('grants none in a frame that is too large for the stream on which holders are told', () => {
  const said = answered(([a, b, c], asked) => {
    a.hit(1, entry(10), FLAG.copied, 900)
    b.hit(2, entry(1_000_000))
    c.miss()
    asked()
  })
  expect(said).toEqual({ flags: [0, 0, 0], leaseMs: 0 })
})
