// The default: S3-FIFO, which a scan does not harm, and LRU where the popular keys change faster than S3-FIFO follows.
// Shadows tell which of them it is now (shadows.ts). Both use the same two queues, so that changing over moves nobody:
// as LRU new entries go to the main queue at once and a hit renews them, and the small queue runs dry.

import { ORDER } from './layout.ts'
import type { Policy, PolicyParts } from './policy.ts'
import { S3Fifo } from './s3-fifo.ts'
import { Shadows } from './shadows.ts'

/** The shadows are fitted to the partition after so many evictions. */
const EVICTIONS_PER_FIT = 1_024

export class Adaptive implements Policy {
  readonly priority = false
  readonly #parts: PolicyParts
  readonly #small: number
  readonly #main: number
  readonly #fifo: S3Fifo
  /** From the first eviction on: before, everybody stays whatever the policy is. */
  #shadows: Shadows | undefined
  #evictions = 0

  constructor(parts: PolicyParts) {
    this.#parts = parts
    this.#fifo = new S3Fifo(parts)
    this.#small = parts.queue
    this.#main = parts.queue + 1
  }

  get remembered(): number {
    return this.#fifo.remembered
  }

  added(address: number, known: boolean): void {
    const shadows = this.#asked(address)
    this.#fifo.added(address, known || shadows?.lru === true)
  }

  hit(address: number): void {
    const shadows = this.#asked(address)
    this.#fifo.hit(address)
    const { queues } = this.#parts
    if (shadows?.lru === true && queues.queueOf(address) === this.#main) queues.renew(address)
  }

  replaced(queue: number, address: number): void {
    this.#fifo.replaced(queue, address)
  }

  victim(): number {
    const { queues } = this.#parts
    if (this.#evictions++ % EVICTIONS_PER_FIT === 0) {
      this.#shadows ??= new Shadows()
      this.#shadows.resize(queues.count(this.#small) + queues.count(this.#main))
    }
    if (this.#shadows?.lru !== true) return this.#fifo.victim()
    return queues.first(this.#small) || queues.first(this.#main)
  }

  #asked(address: number): Shadows | undefined {
    this.#shadows?.asked(this.#parts.blocks.segments.word(address, ORDER))
    return this.#shadows
  }
}
