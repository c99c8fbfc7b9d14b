// Reads of peers, for keys that this node owns. Those that came together are answered together, in three steps:
// look all of them up, touch all that was found, write all answers. Among many entries each step of the way to a
// value, from the table over the entry to the bytes, is a wait for main memory. Done one request after the other
// these waits add up to most of what a read costs; in a short loop over many requests the processor waits for
// several at once (decision 0010).

import type { Instant } from '../limits/instant.ts'
import type { Entry } from '../store/entry.ts'
import type { Store } from '../store/store.ts'
import type { KeyReply } from './reply.ts'

/** Their answers, with small values, are about one piece that leaves by itself (decision 0009). */
const TOGETHER_MAX = 32

interface Read {
  key: string
  reply: KeyReply | undefined
  entry: Entry | undefined
}

export class Reads {
  readonly #store: Store
  /** Used again and again: the first `#count` of them wait. */
  readonly #reads: readonly Read[] = Array.from({ length: TOGETHER_MAX }, () => ({
    key: '',
    reply: undefined,
    entry: undefined,
  }))
  #count = 0
  /** What `#touch` found: a loop without a result might be taken for useless by the compiler. */
  touched = 0

  constructor(store: Store) {
    this.#store = store
  }

  /** Takes a request whose key is owned here. It is answered by `answer`, or as soon as enough wait. */
  add(key: string, reply: KeyReply, at: Instant): void {
    const read = this.#reads[this.#count++] as Read
    read.key = key
    read.reply = reply
    if (this.#count === TOGETHER_MAX) this.answer(at)
  }

  answer(at: Instant): void {
    const count = this.#count
    if (count === 0) return
    this.#count = 0
    const store = this.#store
    const { now } = at
    this.#find(store, count)
    this.#touch(count)
    for (let i = 0; i < count; i++) {
      const read = this.#reads[i] as Read
      const reply = read.reply as KeyReply
      try {
        reply.found(store.living(read.key, read.entry, now), now)
      } catch (error) {
        reply.error(error)
      }
      read.reply = undefined
      read.entry = undefined
    }
  }

  #find(store: Store, count: number): void {
    for (let i = 0; i < count; i++) {
      const read = this.#reads[i] as Read
      read.entry = store.find(read.key)
    }
  }

  #touch(count: number): void {
    let touched = 0
    for (let i = 0; i < count; i++) touched += this.#reads[i]?.entry?.value.length ?? 0
    for (let i = 0; i < count; i++) {
      const value = this.#reads[i]?.entry?.value
      if (value !== undefined && value.length > 0) touched += (value[0] as number) + (value.at(-1) as number)
    }
    this.touched = touched
  }
}
