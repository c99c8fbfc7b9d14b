// S3-FIFO (Yang et al., SOSP 2023): three queues in which nobody is moved by a hit. New entries pass a small one; those
// that are hit there come into the main one, and so do those that were known before; what a scan brings leaves after
// a tenth of the way.

import type { Policy, PolicyParts } from './policy.ts'

/** Share of the small queue. */
const SMALL = 0.1
/** An entry of the small queue with fewer hits than this leaves. */
const PROMOTED = 2
const HITS_MAX = 3
/** The paper looks on until somebody has no hits left. Where all are popular that would be all of them. */
const STEPS_MAX = 256

export class S3Fifo implements Policy {
  readonly priority = false
  readonly #parts: PolicyParts
  readonly #small: number
  readonly #main: number

  constructor(parts: PolicyParts) {
    this.#parts = parts
    this.#small = parts.queue
    this.#main = parts.queue + 1
  }

  get remembered(): number {
    return this.#parts.queues.count(this.#main)
  }

  added(address: number, known: boolean): void {
    this.#parts.queues.push(known ? this.#main : this.#small, address)
  }

  hit(address: number): void {
    const { blocks } = this.#parts
    const hits = blocks.hitsOf(address)
    if (hits < HITS_MAX) blocks.setHits(address, hits + 1)
  }

  replaced(queue: number, address: number): void {
    this.#parts.queues.push(queue, address)
  }

  victim(): number {
    const { blocks, queues } = this.#parts
    for (let step = 0; ; step++) {
      const small = queues.first(this.#small)
      const main = queues.first(this.#main)
      if (small !== 0 && (main === 0 || this.#smallIsFull())) {
        if (step >= STEPS_MAX || blocks.hitsOf(small) < PROMOTED) return small
        queues.remove(small)
        blocks.setHits(small, 0)
        queues.push(this.#main, small)
      } else {
        const hits = main === 0 ? 0 : blocks.hitsOf(main)
        if (step >= STEPS_MAX || hits === 0) return main
        blocks.setHits(main, hits - 1)
        queues.renew(main)
      }
    }
  }

  #smallIsFull(): boolean {
    const { queues } = this.#parts
    const small = queues.bytes(this.#small)
    return small >= SMALL * (small + queues.bytes(this.#main))
  }
}
