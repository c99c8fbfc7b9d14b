import { CacheMeshError, FrameWriter, LIMITS, type Stamp } from '@cachemesh/protocol'

/** The way to one peer, with as much of it as requests use. The runtime has a link for it. */
export interface Outlet {
  /** Id of the member at its other end. */
  readonly peer: string
  /** Small frames are written straight into it; `flushSoon` afterwards. */
  readonly writer: FrameWriter
  /** Bytes that wait to leave. */
  readonly queuedBytes: number
  /** Bytes that have come from the peer, whole frames or not. */
  readonly receivedBytes: number
  /** `whole`: what was written leaves with more of its kind, in fewer and larger pieces. */
  flushSoon(whole?: boolean): void
  /**
   * Sends one frame that is too large to stand among the small ones, in pieces as a writer hands it out. They are kept
   * until they have left, and must not change.
   */
  sendBulk(frame: readonly Uint8Array[]): void
}

/** All outlets that there are, by peer. */
export interface Outlets {
  readonly links: ReadonlyMap<string, Outlet>
  link(peer: string): Outlet | undefined
  /**
   * Begins to open a link to a member without one. False when there is nothing to wait for: nobody knows it, or it is
   * one to which a link is kept always, and has just failed.
   */
  open(peer: string): boolean
}

/** Bytes that may wait in one outlet; more are refused. Two of the largest values fit. */
export const QUEUED_BYTES_MAX: number = 2 * LIMITS.valueBytesMax + 1024 * 1024

/** What surrounds a body in its frame, at most: head, path, content type. */
const AROUND_BYTES = 1024

/**
 * Where a frame with this much in it is written: straight into the outlet's writer, with the other frames of
 * this tick, or into a writer of its own when it has to take the bulk stream. Call `sent` when it is written.
 */
export function writerFor(outlet: Outlet, stamp: Stamp, bytes: number): FrameWriter {
  return bytes + AROUND_BYTES <= LIMITS.smallFrameBytesMax ? outlet.writer : new FrameWriter(stamp, true)
}

export function sent(outlet: Outlet, writer: FrameWriter, whole?: boolean): void {
  if (writer === outlet.writer) {
    outlet.flushSoon(whole)
    return
  }
  outlet.sendBulk(writer.takePieces())
}

export function overloaded(peer: string): CacheMeshError {
  return new CacheMeshError('ERR_OVERLOADED', `Too much waits for member ${peer} already; try again`)
}
