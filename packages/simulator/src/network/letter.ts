import type { FrameKind, Message } from '@cachemesh/protocol'

/** A message in bytes, as often as it is sent. */
export interface Said {
  readonly kind: FrameKind
  readonly body: Uint8Array
  /** Of the kind and all bytes. */
  readonly hash: number
  /** What these bytes were read as, once somebody has read them. */
  message: Message | undefined
  /** What they were written from. */
  readonly original?: Message
}

/**
 * A frame with a message in it. Its head is always the same few numbers, so it is not written into bytes and read again
 * for each receiver: in a large mesh that would cost as much as what the nodes do with it.
 */
export interface Letter {
  readonly said: Said
  readonly digestPrefix: number
  readonly clock: number
  readonly sizeBytes: number
}

/** What a link carries at once: frames in bytes, or a message. */
export type Load = Uint8Array | Letter
