import { type Calls, SWEEP_MS } from '@cachemesh/core'
import { present } from '../time.ts'

/** The timer goes on for so many sweeps after the last call, so that not every call makes a new one. */
const IDLE_SWEEPS = 40

/** The timer of the calls that wait for another member. */
export class Sweeps {
  readonly #calls: Calls
  #timer: NodeJS.Timeout | undefined
  #idle = 0

  constructor(calls: Calls) {
    this.#calls = calls
  }

  /** To be called whenever a call may have begun to wait. */
  wind(): void {
    if (this.#timer !== undefined || this.#calls.wakeAt === Number.POSITIVE_INFINITY) return
    this.#idle = 0
    this.#timer = setInterval(this.#sweep, SWEEP_MS)
  }

  close(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  readonly #sweep = (): void => {
    if (this.#calls.wakeAt !== Number.POSITIVE_INFINITY) {
      this.#idle = 0
      this.#calls.sweep(present)
    } else if (++this.#idle >= IDLE_SWEEPS) this.close()
  }
}
