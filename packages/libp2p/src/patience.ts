/**
 * How long a dial may take. An address where nothing answers is given up soon. Where a connection opened, somebody is
 * there, and slow: a handshake that is broken off half-way has cost both sides their work and is begun again, so that
 * nodes which are short of time would only ever begin.
 */
export class Patience {
  readonly signal: AbortSignal
  readonly #timer = new AbortController()
  #running: NodeJS.Timeout

  constructor(connectMs: number, outer: AbortSignal) {
    this.signal = AbortSignal.any([outer, this.#timer.signal])
    this.#running = this.#start(connectMs)
  }

  /** The connection is open: so long for the rest of the way. */
  extend(ms: number): void {
    clearTimeout(this.#running)
    this.#running = this.#start(ms)
  }

  end(): void {
    clearTimeout(this.#running)
  }

  #start(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.#timer.abort(), Math.max(1, Math.ceil(ms)))
  }
}
