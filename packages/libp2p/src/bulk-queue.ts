// Large frames on their way into the bulk stream, a slice at a time. A slice is only handed over when the
// stream has room, so that what is queued stays here, where it can be counted, and small frames find gaps. While small
// frames are sent too, slices keep to a pace.

import type { Stream } from '@libp2p/interface'
import { Uint8ArrayList } from 'uint8arraylist'
import { BulkPace, SLICE_BYTES } from './bulk-pace.ts'

export class BulkQueue {
  readonly #stream: Stream
  readonly #failed: (error: unknown) => void
  readonly #pace = new BulkPace()
  /** Of all frames, in order. */
  #pieces: Uint8Array[] = []
  /** Bytes of the first piece that were handed over. */
  #sent = 0
  #waiting = 0
  #pumping = false
  /** Slices are looked after once the small frames of this turn are on their way. */
  #following = false
  /** Until the pace lets the next slice leave. */
  #pausing: NodeJS.Timeout | undefined
  #whenEmpty: (() => void) | undefined

  constructor(stream: Stream, failed: (error: unknown) => void) {
    this.#stream = stream
    this.#failed = failed
    // The stream's own listener for this event came first and queued its buffer to be sent in a microtask;
    // this one queues behind it. `onDrain()` of the stream resolves at once after its first use.
    stream.addEventListener('drain', () => {
      if (this.#waiting > 0) queueMicrotask(() => this.#pump())
    })
  }

  /** Bytes that are not in the stream yet. */
  get queuedBytes(): number {
    return this.#waiting
  }

  /**
   * Small frames were handed to their own stream. A slice that is due leaves right behind them: in the time in which the
   * peer works on them it is in nobody's way. In the same write it would be encrypted before they leave.
   */
  smallSent(): void {
    this.#pace.smallSent(performance.now())
    if (this.#waiting === 0 || this.#following) return
    this.#following = true
    setImmediate(() => {
      this.#following = false
      this.#pump()
    })
  }

  push(frame: readonly Uint8Array[]): void {
    this.#pace.largeQueued()
    for (const piece of frame) {
      this.#pieces.push(piece)
      this.#waiting += piece.length
    }
    this.#pump()
  }

  /** Resolves when everything was handed to the stream. */
  empty(): Promise<void> {
    if (this.#waiting === 0) return Promise.resolve()
    return new Promise(resolve => {
      this.#whenEmpty = resolve
    })
  }

  drop(): void {
    this.#pieces = []
    this.#sent = 0
    this.#waiting = 0
    this.#whenEmpty?.()
  }

  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    try {
      while (this.#waiting > 0 && !this.#stream.writableNeedsDrain && this.#isDue()) this.#sendSlice()
      if (this.#waiting === 0) this.#whenEmpty?.()
    } catch (error) {
      this.#failed(error)
    } finally {
      this.#pumping = false
    }
  }

  /** False when the pace is reached; then it goes on by itself. */
  #isDue(): boolean {
    const waitMs = this.#pace.waitMs(performance.now())
    if (waitMs === 0) return true
    this.#pausing ??= setTimeout(() => {
      this.#pausing = undefined
      this.#pump()
    }, waitMs)
    return false
  }

  /** What comes next, of one frame or of several. */
  #sendSlice(): void {
    const slice = new Uint8ArrayList()
    for (let room = SLICE_BYTES; room > 0 && this.#pieces.length > 0; ) {
      const piece = this.#pieces[0] as Uint8Array
      const end = Math.min(this.#sent + room, piece.length)
      slice.append(this.#sent === 0 && end === piece.length ? piece : piece.subarray(this.#sent, end))
      room -= end - this.#sent
      this.#sent = end
      if (end < piece.length) continue
      this.#pieces.shift()
      this.#sent = 0
    }
    this.#waiting -= slice.byteLength
    this.#pace.sliceSent(slice.byteLength, performance.now())
    this.#stream.send(slice)
  }
}
