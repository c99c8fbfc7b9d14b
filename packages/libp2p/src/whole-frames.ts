// Cuts what arrives on a secured connection at the borders of the multiplexer's large frames, and puts each of these
// together in memory that is used again. Node hands out every record in memory of its own; where all of it was copied,
// that memory can be given back at once, and need not wait for the collector: memory for buffers counts against a bound
// of the engine, and whenever that is reached the whole heap is searched for garbage.
//
// A frame's memory belongs to whoever reads its stream. One who has copied what it needs gives it back; nobody has to.

import { SLICE_BYTES } from './bulk-pace.ts'

// Head of a yamux frame, big-endian: u8 version, u8 type, u16 flags, u32 stream, u32 length or window.
const HEAD_BYTES = 12
const DATA = 0
/** Many of the smaller ones carry small frames of the mesh, which are read in place: their memory is not given back. */
const LARGE_BYTES_MIN = 32 * 1024
/** Nobody here sends larger ones. */
const LARGE_BYTES_MAX = SLICE_BYTES
/** Buffers that wait to be used again, by whatever connection; others are left to the collector. */
const SPARE_MAX = 32

const spare: ArrayBuffer[] = []
/** Memory that was handed out, and how long the data in it is, behind the head. */
const lent = new WeakMap<ArrayBufferLike, number>()

/** `data`: a piece of what a stream brought, at which nobody looks any more. Only the whole of a large frame is taken. */
export function giveBack(data: Uint8Array): void {
  const { buffer } = data
  if (data.byteOffset !== HEAD_BYTES || lent.get(buffer) !== data.length) return
  lent.delete(buffer)
  if (spare.length < SPARE_MAX) spare.push(buffer as ArrayBuffer)
}

export class WholeFrames {
  readonly #deliver: (bytes: Uint8Array) => void
  /** A head that has not arrived completely. */
  readonly #head = new Uint8Array(HEAD_BYTES)
  #headBytes = 0
  /** Bytes to come of a frame that is passed on as it arrives. */
  #passing = 0
  /** The large frame that is put together, and how much of it there is. */
  #frame: Uint8Array | undefined
  #filled = 0

  /** `deliver` gets all that is pushed, in order, in other pieces. */
  constructor(deliver: (bytes: Uint8Array) => void) {
    this.#deliver = deliver
  }

  /** Returns true when nothing refers to the chunk any more. */
  push(chunk: Uint8Array): boolean {
    let at = this.#headBytes === 0 ? 0 : this.#completeHead(chunk)
    let copying = this.#frame !== undefined
    /** Where that begins which is passed on. */
    let from = at
    while (at < chunk.length) {
      if (this.#frame !== undefined) {
        at = from = this.#fill(this.#frame, chunk, at)
      } else if (this.#passing > 0) {
        const count = Math.min(this.#passing, chunk.length - at)
        this.#passing -= count
        at += count
      } else if (chunk.length - at < HEAD_BYTES) {
        break
      } else {
        const bytes = dataBytes(chunk, at)
        if (isLarge(bytes)) {
          copying = true
          this.#pass(chunk, from, at, copying)
          from = at
          this.#open(bytes)
        } else {
          this.#passing = HEAD_BYTES + bytes
        }
      }
    }
    this.#pass(chunk, from, at, copying)
    this.#keepHead(chunk, at)
    return copying || from === at
  }

  #pass(chunk: Uint8Array, from: number, to: number, copying: boolean): void {
    if (from === to) return
    const bytes = from === 0 && to === chunk.length ? chunk : chunk.subarray(from, to)
    this.#deliver(copying ? Uint8Array.from(bytes) : bytes)
  }

  #open(bytes: number): void {
    const buffer = spare.pop() ?? new ArrayBuffer(HEAD_BYTES + LARGE_BYTES_MAX)
    this.#frame = new Uint8Array(buffer, 0, HEAD_BYTES + bytes)
    this.#filled = 0
  }

  /** Returns where in the chunk the rest begins. */
  #fill(frame: Uint8Array, chunk: Uint8Array, at: number): number {
    const end = Math.min(at + frame.length - this.#filled, chunk.length)
    frame.set(at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end), this.#filled)
    this.#filled += end - at
    if (this.#filled === frame.length) {
      this.#frame = undefined
      lent.set(frame.buffer, frame.length - HEAD_BYTES)
      this.#deliver(frame)
    }
    return end
  }

  /** The begin of a head stands at the end of a chunk. */
  #keepHead(chunk: Uint8Array, at: number): void {
    this.#head.set(chunk.subarray(at), this.#headBytes)
    this.#headBytes += chunk.length - at
  }

  /** Returns where in the chunk the rest begins. */
  #completeHead(chunk: Uint8Array): number {
    const count = Math.min(HEAD_BYTES - this.#headBytes, chunk.length)
    this.#head.set(chunk.subarray(0, count), this.#headBytes)
    this.#headBytes += count
    if (this.#headBytes < HEAD_BYTES) return count
    this.#headBytes = 0
    const bytes = dataBytes(this.#head, 0)
    if (isLarge(bytes)) {
      this.#open(bytes)
      this.#frame?.set(this.#head)
      this.#filled = HEAD_BYTES
    } else {
      this.#passing = bytes
      this.#deliver(Uint8Array.from(this.#head))
    }
    return count
  }
}

function isLarge(bytes: number): boolean {
  return bytes >= LARGE_BYTES_MIN && bytes <= LARGE_BYTES_MAX
}

/** How much data follows the head at `at`. */
function dataBytes(bytes: Uint8Array, at: number): number {
  if (bytes[at + 1] !== DATA) return 0
  return (
    (((bytes[at + 8] as number) << 24) |
      ((bytes[at + 9] as number) << 16) |
      ((bytes[at + 10] as number) << 8) |
      (bytes[at + 11] as number)) >>>
    0
  )
}
