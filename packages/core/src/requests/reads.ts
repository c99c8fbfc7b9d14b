// Reads of peers, for keys that this node owns. Those that came together are answered together, in three steps:
// look all of them up, touch all that was found, write all answers. Among many entries each step of the way to a
// value, from the table over the entry to the bytes, is a wait for main memory. Done one request after the other
// these waits add up to most of what a read costs; in a short loop over many requests the processor waits for
// several at once (decision 0010).

import type { Copying } from '../copies/copying.ts'
import type { Instant } from '../limits/instant.ts'
import type { Blocks } from '../store/blocks.ts'
import type { Entry } from '../store/entry.ts'
import type { Store } from '../store/store.ts'
import type { NodeParts } from './node-parts.ts'
import type { Reply } from './reply.ts'

/** Their answers, with small values, are about one piece that leaves by itself (decision 0009). */
const TOGETHER_MAX = 32

interface Read {
  key: string
  hash: number
  reply: Reply | undefined
  /** Of the entry in the store; 0: there is none. */
  address: number
  peer: string
  direct: boolean
  shares: boolean
  lapsed: boolean
}

interface AddedRead {
  readonly key: string
  readonly hash: number
  /** Came from who asks for itself: it may get a copy. */
  readonly direct: boolean
  /** Came from who shares the arc of the key: it gets one. */
  readonly shares: boolean
  /** Who asks had a copy. */
  readonly lapsed: boolean
}

export class Reads {
  readonly #store: Store
  readonly #copying: Copying
  /** Used again and again: the first `#count` of them wait. */
  readonly #reads: readonly Read[] = Array.from({ length: TOGETHER_MAX }, () => ({
    key: '',
    hash: 0,
    reply: undefined,
    address: 0,
    peer: '',
    direct: false,
    shares: false,
    lapsed: false,
  }))
  #count = 0
  /** What `#touch` found: a loop without a result might be taken for useless by the compiler. */
  touched = 0

  constructor({ store, copying }: Pick<NodeParts, 'store' | 'copying'>) {
    this.#store = store
    this.#copying = copying
  }

  /** Takes a request whose key is owned here. It is answered by `answer`, or as soon as enough wait. */
  add({ key, hash, direct, shares, lapsed }: AddedRead, reply: Reply, at: Instant): void {
    const read = this.#reads[this.#count++] as Read
    read.key = key
    read.hash = hash
    read.reply = reply
    read.peer = reply.peer
    read.direct = direct
    read.shares = shares
    read.lapsed = lapsed
    if (this.#count === TOGETHER_MAX) this.answer(at)
  }

  answer(at: Instant): void {
    const count = this.#count
    if (count === 0) return
    this.#count = 0
    const store = this.#store
    const { now } = at
    this.#find(store, count)
    this.#touch(store.blocks, count)
    for (let i = 0; i < count; i++) {
      const read = this.#reads[i] as Read
      const reply = read.reply as Reply
      try {
        const entry = this.#shown(read, at)
        const leaseMs = read.direct ? this.#copying.asked(read, entry, now) : 0
        reply.found(entry, now, 0, leaseMs)
      } catch (error) {
        reply.error(error)
      }
      read.reply = undefined
    }
  }

  #find(store: Store, count: number): void {
    const { owned } = store
    for (let i = 0; i < count; i++) {
      const read = this.#reads[i] as Read
      read.address = owned.seek(read.key, read.hash)
    }
  }

  #touch(blocks: Blocks, count: number): void {
    let touched = 0
    for (let i = 0; i < count; i++) {
      const { address } = this.#reads[i] as Read
      if (address !== 0) touched += blocks.touch(address)
    }
    this.touched = touched
  }

  /** Most that were found are alive: one that is not goes through `read`, which removes it. */
  #shown({ key, hash, address }: Read, at: Instant): Entry | undefined {
    if (address === 0) return undefined
    const store = this.#store
    if (!store.lives(address, at)) return store.read(key, at.now, hash)
    store.owned.hit(address)
    return store.blocks.entryOf(address)
  }
}
