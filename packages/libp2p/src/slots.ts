/**
 * Bounds how many tasks work at once; the others wait their turn, in order. All at once would all be late; in turn
 * the first are done soon, whatever comes behind them. A task that takes long is waiting for somebody else, and
 * gives its slot to the next: nobody can keep a slot by saying nothing.
 */
export class Slots {
  #free: number
  readonly #holdMs: number
  readonly #waiting: (() => void)[] = []

  /** @param holdMs how long a task keeps its slot at most */
  constructor(count: number, holdMs: number) {
    this.#free = count
    this.#holdMs = holdMs
  }

  /** Rejects with the signal's reason when it is aborted while the task still waits. */
  async run<T>(signal: AbortSignal, task: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--
    else await this.#turn(signal)
    let held = true
    const release = () => {
      if (held) this.#release()
      held = false
    }
    const timer = setTimeout(release, this.#holdMs)
    try {
      return await task()
    } finally {
      clearTimeout(timer)
      release()
    }
  }

  #release(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#free++
    else next()
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const start = () => {
        signal.removeEventListener('abort', giveUp)
        resolve()
      }
      const giveUp = () => {
        const at = this.#waiting.indexOf(start)
        if (at >= 0) this.#waiting.splice(at, 1)
        reject(signal.reason)
      }
      if (signal.aborted) giveUp()
      else {
        this.#waiting.push(start)
        signal.addEventListener('abort', giveUp, { once: true })
      }
    })
  }
}
