import type { Policy, PolicyParts } from './policy.ts'

/** Who was not used for the longest time goes first. */
export class Lru implements Policy {
  readonly priority = false
  readonly #parts: PolicyParts

  constructor(parts: PolicyParts) {
    this.#parts = parts
  }

  get remembered(): number {
    return this.#parts.queues.count(this.#parts.queue)
  }

  added(address: number): void {
    this.#parts.queues.push(this.#parts.queue, address)
  }

  hit(address: number): void {
    const { blocks, queues } = this.#parts
    const hits = blocks.hitsOf(address)
    // They decide nothing here: they tell what is hot.
    if (hits < 3) blocks.setHits(address, hits + 1)
    queues.renew(address)
  }

  replaced(queue: number, address: number): void {
    this.#parts.queues.push(queue, address)
  }

  victim(): number {
    return this.#parts.queues.first(this.#parts.queue)
  }
}
