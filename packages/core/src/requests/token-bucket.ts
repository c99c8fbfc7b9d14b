/** So many things may be done as a share of others, and some of them in one go. */
export class TokenBucket {
  readonly #share: number
  readonly #burst: number
  #tokens: number

  constructor({ share, burst }: { readonly share: number; readonly burst: number }) {
    this.#share = share
    this.#burst = burst
    this.#tokens = burst
  }

  /** So many of the others were done since this was called last: most need not be told of one by one. */
  earn(done: number): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + this.#share * done)
  }

  /** False when there were too many already. */
  spend(): boolean {
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }
}
