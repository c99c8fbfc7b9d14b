// What other members said of how much they are asked for, with their beats.

/** Older words count as none, ms: beats come every second. */
const WORD_MS = 5_000

export class NeighbourLoads {
  readonly #said = new Map<string, { readonly perSecond: number; readonly at: number }>()

  heard(peer: string, perSecond: number, now: number): void {
    this.#said.set(peer, { perSecond, at: now })
  }

  forget(peer: string): void {
    this.#said.delete(peer)
  }

  /** Requests per second; undefined: nothing was heard of late. */
  of(peer: string, now: number): number | undefined {
    const said = this.#said.get(peer)
    return said === undefined || now - said.at > WORD_MS ? undefined : said.perSecond
  }
}
