// GreedyDual-Size-Frequency (Cherkasova, 1998): what is cheap to make again, large, and seldom hit goes first. An entry
// is worth its cost times its uses by its size, above the worth of whoever left last, so that what is not used any
// more leaves in the end, however dear it was.
//
// Worth is rounded to powers of two, and each has a queue, in which the oldest is the least (CAMP, Ghandeharizadeh et
// al., 2014): a victim is the least of some thirty first ones, and a hit costs no more than one of LRU.

import { COST, EXTRA, HEAD, PRIORITY } from './layout.ts'
import { POLICY_QUEUES, type Policy, type PolicyParts } from './policy.ts'

/** What it costs to make an entry of which nobody says it, ms. */
const COST_UNKNOWN = 1
const HITS_MAX = 15
/** The least worth that counts is 2^-16 ms per byte. */
const SCALE = 2 ** 16

export class GreedyDual implements Policy {
  readonly priority = true
  readonly #parts: PolicyParts
  /** Worth of the last that left. */
  #left = 0

  constructor(parts: PolicyParts) {
    this.#parts = parts
  }

  get remembered(): number {
    let count = 0
    for (let i = 0; i < POLICY_QUEUES; i++) count += this.#parts.queues.count(this.#parts.queue + i)
    return count
  }

  added(address: number): void {
    const { blocks, queues, queue } = this.#parts
    const { segments } = blocks
    const known = (segments.word(address, HEAD) & EXTRA) === 0 ? 0 : segments.double(address, COST)
    const worth = (Math.max(known, COST_UNKNOWN) * (blocks.hitsOf(address) + 1)) / blocks.bytesOf(address)
    const log = 31 - Math.clz32(Math.min(Math.max(worth * SCALE, 1), 2 ** 31 - 1))
    segments.setDouble(address, PRIORITY, this.#left + 2 ** log)
    queues.push(queue + log, address)
  }

  hit(address: number): void {
    const { blocks, queues } = this.#parts
    const hits = blocks.hitsOf(address)
    if (hits < HITS_MAX) blocks.setHits(address, hits + 1)
    queues.remove(address)
    this.added(address)
  }

  replaced(_queue: number, address: number): void {
    this.added(address)
  }

  victim(): number {
    const { blocks, queues, queue } = this.#parts
    let victim = 0
    let least = Number.POSITIVE_INFINITY
    for (let i = 0; i < POLICY_QUEUES; i++) {
      const first = queues.first(queue + i)
      if (first === 0) continue
      const priority = blocks.segments.double(first, PRIORITY)
      if (priority >= least) continue
      least = priority
      victim = first
    }
    if (victim !== 0) this.#left = least
    return victim
  }
}
