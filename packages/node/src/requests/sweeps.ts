import { type Calls, SWEEP_MS } from '@cachemesh/core'
import { monotonic, present } from '../time.ts'

/** The timer goes on for so many sweeps after the last call, so that not every call makes a new one. */
const IDLE_SWEEPS = 40

/** The timers of the calls that wait for another member. */
export class Sweeps {
  readonly #calls: Calls
  #timer: NodeJS.Timeout | undefined
  /** Of reads that may have to be asked a second time, long before the next sweep. */
  #hedging: NodeJS.Timeout | undefined
  #idle = 0

  constructor(calls: Calls) {
    this.#calls = calls
  }

  /** To be called whenever a call may have begun to wait. */
  wind(): void {
    if (this.#hedging === undefined && this.#calls.hedgesAt !== Number.POSITIVE_INFINITY) this.#await()
    if (this.#timer !== undefined || this.#calls.wakeAt === Number.POSITIVE_INFINITY) return
    this.#idle = 0
    this.#timer = setInterval(this.#sweep, SWEEP_MS)
  }

  close(): void {
    clearInterval(this.#timer)
    clearTimeout(this.#hedging)
    this.#timer = undefined
    this.#hedging = undefined
  }

  #await(): void {
    this.#hedging = setTimeout(this.#hedge, Math.max(1, this.#calls.hedgesAt - monotonic()))
  }

  readonly #hedge = (): void => {
    this.#calls.hedge(present)
    if (this.#calls.hedgesAt === Number.POSITIVE_INFINITY) this.#hedging = undefined
    else this.#await()
  }

  readonly #sweep = (): void => {
    if (this.#calls.wakeAt !== Number.POSITIVE_INFINITY) {
      this.#idle = 0
      this.#calls.sweep(present)
    } else if (++this.#idle >= IDLE_SWEEPS) this.#rest()
  }

  #rest(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
