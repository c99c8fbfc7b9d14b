// Large frames on their way into the bulk stream, a slice at a time. A slice is only handed over when the
// stream has room, so that what is queued stays here, where it can be counted, and small frames find gaps.

import type { Stream } from '@libp2p/interface'

const SLICE_BYTES = 64 * 1024

export class BulkQueue {
  readonly #stream: Stream
  readonly #failed: (error: unknown) => void
  #frames: Uint8Array[] = []
  /** Bytes of the first frame that were handed over. */
  #sent = 0
  #waiting = 0
  #pumping = false
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

  push(frame: Uint8Array): void {
    this.#frames.push(frame)
    this.#waiting += frame.length
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
    this.#frames = []
    this.#sent = 0
    this.#waiting = 0
    this.#whenEmpty?.()
  }

  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    try {
      while (this.#waiting > 0 && !this.#stream.writableNeedsDrain) this.#sendSlice()
      if (this.#waiting === 0) this.#whenEmpty?.()
    } catch (error) {
      this.#failed(error)
    } finally {
      this.#pumping = false
    }
  }

  #sendSlice(): void {
    const frame = this.#frames[0] as Uint8Array
    const left = frame.length - this.#sent
    const slice = frame.subarray(
      this.#sent,
      left < SLICE_BYTES * 1.5 ? frame.length : this.#sent + SLICE_BYTES,
    )
    this.#sent += slice.length
    this.#waiting -= slice.length
    if (this.#sent === frame.length) {
      this.#frames.shift()
      this.#sent = 0
    }
    this.#stream.send(slice)
  }
}
