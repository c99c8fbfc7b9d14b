import type { Link } from '@cachemesh/libp2p'
import { CacheMeshError, FrameWriter, LIMITS, type Stamp } from '@cachemesh/protocol'

/** Bytes that may wait in one link; more are refused. Two of the largest values fit. */
export const QUEUED_BYTES_MAX: number = 2 * LIMITS.valueBytesMax + 1024 * 1024

/** What surrounds a body in its frame, at most: head, path, content type. */
const AROUND_BYTES = 1024

/**
 * Where a frame with this much in it is written: straight into the link's writer, with the other frames of
 * this tick, or into a writer of its own when it has to take the bulk stream. Call `sent` when it is written.
 */
export function writerFor(link: Link, stamp: Stamp, bytes: number): FrameWriter {
  return bytes + AROUND_BYTES <= LIMITS.smallFrameBytesMax ? link.writer : new FrameWriter(stamp)
}

export function sent(link: Link, writer: FrameWriter): void {
  if (writer === link.writer) {
    link.flushSoon()
    return
  }
  const frame = writer.take()
  if (frame !== undefined) link.sendBulk(frame)
}

export function overloaded(peer: string): CacheMeshError {
  return new CacheMeshError('ERR_OVERLOADED', `Too much waits for member ${peer} already; try again`)
}
