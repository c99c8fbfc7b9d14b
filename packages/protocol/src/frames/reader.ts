import { CacheMeshError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { Frame } from './frame.ts'
import { HEAD_BYTES } from './layout.ts'

/** The largest frame of the stream for small frames, and of the bulk stream. */
export const SMALL_FRAME_MAX: number = LIMITS.smallFrameBytesMax
export const BULK_FRAME_MAX: number =
  Math.max(LIMITS.valueBytesMax, LIMITS.messageBytesMax) + LIMITS.keyBytesMax + 4 * 1024

const CRUMB_BYTES_MAX = 512
/** Where a joined frame begins, so that the value of a usual hit, 49 bytes behind, lies at a multiple of 8. */
const VALUE_OFFSET = 7
/** Copying 16 MiB at once, into memory that the system has yet to give, takes ten milliseconds. */
const GRADUAL_BYTES_MIN = 1024 * 1024
const GRADUAL_FROM_BYTES = 256 * 1024

/**
 * Cuts a byte stream into frames. Chunks may end anywhere. A frame that lies in one chunk is read in place;
 * one that spans chunks is joined once, when its last byte is there, and a large one bit by bit from its first
 * 256 KiB on: a lying length allocates nothing before these are there.
 */
export class FrameReader {
  readonly #frameMax: number
  readonly #frame = new Frame()
  #parts: Uint8Array[] = []
  #held = 0
  #length = 0 // of the frame in #parts, with its length field; 0: not known yet
  /** Memory of a large frame that is being filled, instead of parts. */
  #filling: Uint8Array | undefined

  constructor(frameMax: number) {
    this.#frameMax = frameMax
  }

  /** Bytes kept until the rest of their frame arrives. */
  get heldBytes(): number {
    return this.#held
  }

  /**
   * Calls `receive` for each frame that is complete now. Throws ERR_MALFORMED_FRAME, after which the stream
   * cannot be understood any more and has to be closed.
   */
  push(chunk: Uint8Array, receive: (frame: Frame) => void): void {
    let at = 0
    if (this.#held > 0) {
      at = this.#complete(chunk, receive)
      if (at < 0) return
    }
    const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    while (chunk.length - at >= 4) {
      const length = this.#checked(view.getUint32(at, true))
      if (chunk.length - at < length) break
      this.#frame.open(chunk, view, at, length, false)
      at += length
      receive(this.#frame)
    }
    if (at < chunk.length) this.#keep(chunk.subarray(at))
  }

  /** Adds to the frame that began in an earlier chunk; returns where the next one starts, -1 if there is none. */
  #complete(chunk: Uint8Array, receive: (frame: Frame) => void): number {
    let at = 0
    if (this.#length === 0) {
      // Not even the length field is whole: gather its four bytes.
      at = Math.min(4 - this.#held, chunk.length)
      this.#keep(chunk.subarray(0, at))
      if (this.#length === 0) return -1
    }
    const missing = this.#length - this.#held
    if (chunk.length - at < missing) {
      if (at < chunk.length) this.#keep(chunk.subarray(at))
      return -1
    }
    if (missing > 0) this.#keep(chunk.subarray(at, at + missing))
    const bytes = this.#filling ?? join(this.#parts, this.#length, VALUE_OFFSET)
    this.#filling = undefined
    this.#parts = []
    this.#held = 0
    const length = this.#length
    this.#length = 0
    this.#frame.open(bytes, new DataView(bytes.buffer), VALUE_OFFSET, length, true)
    receive(this.#frame)
    return at + missing
  }

  /** Copies nothing but crumbs: chunks belong to the reader once pushed. */
  #keep(part: Uint8Array): void {
    if (this.#filling !== undefined) {
      this.#filling.set(part, VALUE_OFFSET + this.#held)
      this.#held += part.length
      return
    }
    this.#parts.push(part)
    this.#held += part.length
    this.#sweep()
    if (this.#length === 0 && this.#held >= 4) {
      const head = join(this.#parts, 4)
      this.#length = this.#checked(new DataView(head.buffer).getUint32(0, true))
    }
    if (this.#length >= GRADUAL_BYTES_MIN && this.#held >= GRADUAL_FROM_BYTES) {
      this.#filling = join(this.#parts, this.#length, VALUE_OFFSET)
      this.#parts = []
    }
  }

  /**
   * Joins crumbs of like size. A view takes 200 bytes: a frame of 64 MiB that comes byte by byte would hold
   * gigabytes. Each byte moves at most ten times, and those of ordinary chunks never.
   */
  #sweep(): void {
    const parts = this.#parts
    for (;;) {
      const last = parts.at(-1)
      const before = parts.at(-2)
      if (!last || !before || before.length > last.length || last.length > CRUMB_BYTES_MAX) return
      parts.splice(-2, 2, join([before, last], before.length + last.length))
    }
  }

  /** Length of a frame with its length field, within bounds. */
  #checked(length: number): number {
    if (length < HEAD_BYTES - 4 || length + 4 > this.#frameMax) {
      throw new CacheMeshError(
        'ERR_MALFORMED_FRAME',
        `A frame announces ${length} bytes; ${HEAD_BYTES - 4} to ${this.#frameMax - 4} are allowed on this stream`,
      )
    }
    return length + 4
  }
}

/** The first `length` bytes of the parts, in memory of their own, from `offset` on. */
function join(parts: readonly Uint8Array[], length: number, offset = 0): Uint8Array {
  const end = offset + length
  const joined = new Uint8Array(end)
  let at = offset
  for (const part of parts) {
    const piece = part.length > end - at ? part.subarray(0, end - at) : part
    joined.set(piece, at)
    at += piece.length
    if (at === end) break
  }
  return joined
}
