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

  /** One of the others was done. */
  earn(): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + this.#share)
  }

  /** False when there were too many already. */
  spend(): boolean {
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }
}
