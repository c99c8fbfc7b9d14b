/** Bounds how many work at once; the others wait their turn, in order. */
export class Slots {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(count: number) {
    this.#free = count
  }

  /**
   * Resolves when it is the caller's turn, to the function that ends it; further calls of that do nothing. Rejects
   * with the signal's reason when it is aborted before.
   */
  async take(signal: AbortSignal): Promise<() => void> {
    if (this.#free > 0) this.#free--
    else await this.#turn(signal)
    let held = true
    return () => {
      if (held) this.#release()
      held = false
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
