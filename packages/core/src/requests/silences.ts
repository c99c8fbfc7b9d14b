// Peers that were asked and said nothing: reads pass them over until any byte has come from them. Between two nodes that
// do not watch each other nothing goes over a link by itself, so after a while a peer is asked again all the same; whoever
// is dead is out of the configuration by then.

/** So long, ms. */
const SILENT_MS = 5_000

interface Silence {
  /** Bytes that had come from it when it was found silent. */
  readonly receivedBytes: number
  readonly until: number
}

export class Silences {
  readonly #silent = new Map<string, Silence>()

  get any(): boolean {
    return this.#silent.size > 0
  }

  found(peer: string, receivedBytes: number, now: number): void {
    this.#silent.set(peer, { receivedBytes, until: now + SILENT_MS })
  }

  /** True when a read is to pass it over. */
  has(peer: string, receivedBytes: number, now: number): boolean {
    const silence = this.#silent.get(peer)
    if (silence === undefined) return false
    if (silence.receivedBytes === receivedBytes && now < silence.until) return true
    this.#silent.delete(peer)
    return false
  }

  forget(peer: string): void {
    this.#silent.delete(peer)
  }
}
