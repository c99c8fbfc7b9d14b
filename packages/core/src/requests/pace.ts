// How fast a member answers, in a few numbers: what one request more will cost, and after how long an answer is late.
// Measured on one request at a time, so that the others cost nothing but to be counted.

import { TokenBucket } from './token-bucket.ts'

/** Before anything is known, ms. */
const FIRST_MS = 25
/** What answers in less is not worth telling apart, and nobody is silent for longer (hearing.ts), ms. */
const LEAST_MS = 0.05
const MOST_MS = 300
/** Share of the answers that are not late. */
const USUAL = 0.95
/** By what part a limit moves at most with one answer. */
const STEP = 0.2
/** What one answer counts for in the mean. */
const WEIGHT = 1 / 16

export class Pace {
  readonly #retries = new TokenBucket({ share: 0.1, burst: 50 })
  /** Requests that this member was asked, and has not answered yet. */
  open = 0
  /** Requests that it was asked since one of them was tried elsewhere. */
  asked = 0
  #meanMs = FIRST_MS
  #usualMs = FIRST_MS
  /** The request that is measured; 0: the next one will be. */
  #sampleId = 0
  #sampledAt = 0

  /** So long most answers take at most: 95 of 100. */
  get usualMs(): number {
    return this.#usualMs
  }

  /** What a request that is sent now has to expect, ms: as long as an answer takes, for each that is before it. */
  get costMs(): number {
    return this.#meanMs * (this.open + 1)
  }

  /** True when a request that this member refused may be tried elsewhere: one of ten that it was asked. */
  mayRetry(): boolean {
    this.#retries.earn(this.asked)
    this.asked = 0
    return this.#retries.spend()
  }

  sent(id: number, now: number): void {
    if (this.#sampleId !== 0) return
    this.#sampleId = id
    this.#sampledAt = now
  }

  /** What is measured says nothing of how fast this member is. */
  unmeasure(): void {
    this.#sampleId = 0
  }

  /** True for the request that is measured. When it is answered, or given up, `took` is to be called. */
  measures(id: number): boolean {
    return id === this.#sampleId
  }

  /**
   * The limit rises by much with an answer that is late and falls by little with each that is not: it rests where one
   * in twenty is late, whatever their distribution, and needs one number for that. It forgets as it learns.
   */
  took(now: number): void {
    const ms = Math.min(MOST_MS, Math.max(LEAST_MS, now - this.#sampledAt))
    this.#sampleId = 0
    const factor = Math.exp(STEP * (ms > this.#usualMs ? USUAL : USUAL - 1))
    this.#usualMs = Math.min(MOST_MS, Math.max(LEAST_MS, this.#usualMs * factor))
    this.#meanMs += (ms - this.#meanMs) * WEIGHT
  }
}

/** Those of all members that are asked. */
export class Paces {
  readonly #paces = new Map<string, Pace>()
  /** One member is asked many times in a row. */
  #lastOf = ''
  #last = new Pace()

  of(peer: string): Pace {
    if (peer === this.#lastOf) return this.#last
    let pace = this.#paces.get(peer)
    if (pace === undefined) {
      pace = new Pace()
      this.#paces.set(peer, pace)
    }
    this.#lastOf = peer
    this.#last = pace
    return pace
  }

  forget(peer: string): void {
    this.#paces.delete(peer)
    this.#lastOf = ''
  }
}
