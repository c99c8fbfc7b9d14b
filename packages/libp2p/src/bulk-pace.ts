// How fast large frames may leave while small ones do. Of a large value what is under way stands before each small
// frame behind it, and who receives large values as fast as they can be sent searches its heap for garbage all the time:
// the slowest small answers took forty times as long as alone. So large frames step back while small ones are sent: to a
// rate, never to nothing. Time comes in with each call: monotonic, ms.

/** A value of 64 KiB, with its head, is one slice, and one frame of the multiplexer. */
export const SLICE_BYTES: number = 65 * 1024
/**
 * The rate: two slices, 127 MiB/s. As much as may wait on a link, two of the largest values, leaves within about a second,
 * a fifth of the deadline that a call has unless it is set; the asker's collector gets a rest (decision 0060).
 */
const BYTES_PER_MS = 2 * SLICE_BYTES
/** So far ahead of the rate may a slice begin. A frame of two slices leaves at once, and a timer may be late. */
const AHEAD_MS = 0.5
/** Who asks for small values one after another is back within this time, even if its collector held it up. */
const QUIET_MS = 50
/**
 * A request for a large value is small too, and so is an acknowledgement. They are no reason to step back, so for
 * each large frame that many small sends do not count.
 */
const SMALL_PER_LARGE = 2
/** Small sends that count, from which on large frames step back. */
const SMALL_MIN = 4
/** No more are remembered, or it would take many large frames until they count for something again. */
const SMALL_MAX = 16

export class BulkPace {
  /** Small sends that count. */
  #small = 0
  #smallAt = Number.NEGATIVE_INFINITY
  /** When all that has left would have left at the rate. */
  #doneAt = Number.NEGATIVE_INFINITY

  /** Small frames leave, in one piece. */
  smallSent(now: number): void {
    if (this.#isQuiet(now)) this.#small = 0
    this.#small = Math.min(this.#small + 1, SMALL_MAX)
    this.#smallAt = now
  }

  /** A large frame waits. */
  largeQueued(): void {
    this.#small = Math.max(this.#small - SMALL_PER_LARGE, 0)
  }

  /** A slice of large frames leaves. */
  sliceSent(bytes: number, now: number): void {
    // What left at full speed is nothing to make up for.
    const begun = Math.min(Math.max(this.#doneAt, now), now + AHEAD_MS)
    this.#doneAt = begun + bytes / BYTES_PER_MS
  }

  /** Ms until the next slice may leave; 0: now. */
  waitMs(now: number): number {
    if (this.#small < SMALL_MIN || this.#isQuiet(now)) return 0
    return Math.max(this.#doneAt - AHEAD_MS - now, 0)
  }

  #isQuiet(now: number): boolean {
    return now - this.#smallAt > QUIET_MS
  }
}
