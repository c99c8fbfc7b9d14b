// Queues of entries, linked through their headers: the first is the one that leaves next. Each entry is in one.

import type { Blocks } from './blocks.ts'
import { HEAD, NEXT, PREV, QUEUE, QUEUE_SHIFT } from './layout.ts'

export const QUEUES = 64

export class Queues {
  readonly #blocks: Blocks
  readonly #first = new Int32Array(QUEUES)
  readonly #last = new Int32Array(QUEUES)
  readonly #bytes = new Float64Array(QUEUES)
  readonly #counts = new Int32Array(QUEUES)

  constructor(blocks: Blocks) {
    this.#blocks = blocks
  }

  first(queue: number): number {
    return this.#first[queue]!
  }

  /** What its entries are charged. */
  bytes(queue: number): number {
    return this.#bytes[queue]!
  }

  count(queue: number): number {
    return this.#counts[queue]!
  }

  /** The entry becomes the last of a queue. It is in none. */
  push(queue: number, address: number): void {
    const { segments } = this.#blocks
    const before = this.#last[queue]!
    segments.setWord(address, HEAD, (segments.word(address, HEAD) & ~QUEUE) | (queue << QUEUE_SHIFT))
    segments.setWord(address, PREV, before)
    segments.setWord(address, NEXT, 0)
    if (before === 0) this.#first[queue] = address
    else segments.setWord(before, NEXT, address)
    this.#last[queue] = address
    this.#bytes[queue]! += this.#blocks.charge(address)
    this.#counts[queue]!++
  }

  /** Takes an entry out of its queue. */
  remove(address: number): void {
    const { segments } = this.#blocks
    const queue = this.queueOf(address)
    const before = segments.word(address, PREV)
    const next = segments.word(address, NEXT)
    if (before === 0) this.#first[queue] = next
    else segments.setWord(before, NEXT, next)
    if (next === 0) this.#last[queue] = before
    else segments.setWord(next, PREV, before)
    this.#bytes[queue]! -= this.#blocks.charge(address)
    this.#counts[queue]!--
  }

  /** The entry becomes the last of its queue. */
  renew(address: number): void {
    const queue = this.queueOf(address)
    if (this.#last[queue] === address) return
    this.remove(address)
    this.push(queue, address)
  }

  queueOf(address: number): number {
    return (this.#blocks.segments.word(address, HEAD) & QUEUE) >>> QUEUE_SHIFT
  }

  /** An entry has moved; its own links came along. */
  moved(to: number): void {
    const { segments } = this.#blocks
    const queue = this.queueOf(to)
    const before = segments.word(to, PREV)
    const next = segments.word(to, NEXT)
    if (before === 0) this.#first[queue] = to
    else segments.setWord(before, NEXT, to)
    if (next === 0) this.#last[queue] = to
    else segments.setWord(next, PREV, to)
  }

  clear(): void {
    for (const each of [this.#first, this.#last, this.#bytes, this.#counts]) each.fill(0)
  }
}
