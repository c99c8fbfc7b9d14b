import { CacheMeshError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { Frame } from './frame.ts'
import { HEAD_BYTES } from './layout.ts'

/** The largest frame of the stream for small frames, and of the bulk stream. */
export const SMALL_FRAME_MAX: number = LIMITS.smallFrameBytesMax
export const BULK_FRAME_MAX: number =
  Math.max(LIMITS.valueBytesMax, LIMITS.messageBytesMax) + LIMITS.keyBytesMax + 4 * 1024

/** Where a joined frame begins, so that the value of a usual hit, 49 bytes behind, lies at a multiple of 8. */
const VALUE_OFFSET = 7
/** A lying length gets no more memory than this before as many bytes have come: a value of 1 MiB with its head. */
const FIRST_BYTES_MAX = 1024 * 1024 + 8 * 1024
/** Whose value is copied anyway: the frame is, and its value is not. */
const COPIED_BYTES_MIN = 16 * 1024

/**
 * Cuts a byte stream into frames. Chunks may end anywhere. A small frame that lies in one chunk is read in place; others
 * are put together in memory of their own while they arrive: copying 16 MiB at the end would stop everything for ten
 * milliseconds, and the memory of chunks that wait could not be used again.
 */
export class FrameReader {
  readonly #frameMax: number
  readonly #allocate: (bytes: number) => Uint8Array<ArrayBuffer>
  readonly #frame = new Frame()
  /** The frame that spans chunks, from `VALUE_OFFSET` on. */
  #joined: Uint8Array | undefined
  #held = 0
  #length = 0 // of the frame in #joined, with its length field; 0: not known yet

  /** `allocate`: memory for a frame that is put together, in a buffer of its own. All of it will be written to. */
  constructor(
    frameMax: number,
    allocate = (bytes: number): Uint8Array<ArrayBuffer> => new Uint8Array(bytes),
  ) {
    this.#frameMax = frameMax
    this.#allocate = allocate
  }

  /** Bytes kept until the rest of their frame arrives. */
  get heldBytes(): number {
    return this.#held
  }

  /**
   * Calls `receive` for each frame that is complete now. Returns true when nothing can refer to the chunk any more: no
   * frame was read in place. Throws ERR_MALFORMED_FRAME, after which the stream cannot be
   * understood any more and has to be closed.
   */
  push(chunk: Uint8Array, receive: (frame: Frame) => void): boolean {
    let at = 0
    if (this.#held > 0) {
      at = this.#complete(chunk, receive)
      if (at < 0) return true
    }
    let copied = true
    const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    while (chunk.length - at >= 4) {
      const length = this.#checked(view.getUint32(at, true))
      const end = at + length
      if (end > chunk.length) {
        this.#expect(length)
        break
      }
      if (length < COPIED_BYTES_MIN) {
        copied = false
        this.#frame.open(chunk, view, at, length, false)
        receive(this.#frame)
      } else {
        this.#expect(length)
        this.#keep(chunk, at, end)
        this.#receiveJoined(receive)
      }
      at = end
    }
    if (at < chunk.length) this.#keep(chunk, at, chunk.length)
    return copied
  }

  /** Adds to the frame that began in an earlier chunk; returns where the next one starts, -1 if there is none. */
  #complete(chunk: Uint8Array, receive: (frame: Frame) => void): number {
    let at = 0
    if (this.#length === 0) {
      // Not even the length field is whole: gather its four bytes.
      at = Math.min(4 - this.#held, chunk.length)
      this.#keep(chunk, 0, at)
      if (this.#held < 4) return -1
      const { buffer } = this.#joined as Uint8Array
      this.#expect(this.#checked(new DataView(buffer).getUint32(VALUE_OFFSET, true)))
    }
    const end = Math.min(at + this.#length - this.#held, chunk.length)
    this.#keep(chunk, at, end)
    if (this.#held < this.#length) return -1
    this.#receiveJoined(receive)
    return end
  }

  #receiveJoined(receive: (frame: Frame) => void): void {
    const bytes = this.#joined as Uint8Array
    this.#frame.open(bytes, new DataView(bytes.buffer), VALUE_OFFSET, this.#length, true)
    this.#joined = undefined
    this.#held = 0
    this.#length = 0
    receive(this.#frame)
  }

  /** The length of the frame that spans chunks is known. */
  #expect(length: number): void {
    this.#length = length
    this.#grow(Math.min(length, FIRST_BYTES_MAX))
  }

  #keep(chunk: Uint8Array, from: number, to: number): void {
    const held = this.#held + to - from
    if (this.#joined === undefined || VALUE_OFFSET + held > this.#joined.length) {
      this.#grow(this.#length === 0 ? 4 : this.#length)
    }
    this.#joined?.set(chunk.subarray(from, to), VALUE_OFFSET + this.#held)
    this.#held = held
  }

  #grow(bytes: number): void {
    const grown = this.#allocate(VALUE_OFFSET + bytes)
    if (this.#joined === undefined) grown.fill(0, 0, VALUE_OFFSET)
    else grown.set(this.#joined.subarray(0, VALUE_OFFSET + this.#held))
    this.#joined = grown
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
