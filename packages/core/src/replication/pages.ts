// What a node sends to one that should hold it: page by page, what is used most first.

import { hashKey, LIMITS, type TransferredEntry } from '@cachemesh/protocol'
import { BOUNDS } from '../limits/limits.ts'
import type { Entry } from '../store/entry.ts'
import { keysByHeat } from '../store/heat.ts'
import { carriedOf } from './carrying.ts'
import type { Holdings } from './holdings.ts'
import { sliceOf } from './slices.ts'

export interface Page {
  readonly entries: readonly TransferredEntry[]
  readonly last: boolean
}

/** What the receiver has already. */
export interface Wanted {
  readonly peer: string
  /** Slices in which both differ, of the keys that both should hold. */
  readonly differing: ReadonlySet<number>
  /** What the receiver holds in those, versions by hash. */
  readonly held: ReadonlyMap<number, number>
  /** It holds nothing at all: then what has expired here need not be told. */
  readonly fresh: boolean
}

/** About what stands around key and value. */
const ENTRY_BYTES = 64

export class Pages {
  readonly #holdings: Holdings
  readonly #wanted: Wanted
  /** As they were hot when the transfer began. What is written later goes to its holders as it is written. */
  readonly #keys: readonly string[]
  /** Where each page begins. A page may be asked for again, as its frame may be lost. */
  readonly #begins: number[] = [0]

  constructor(holdings: Holdings, wanted: Wanted) {
    this.#holdings = holdings
    this.#wanted = wanted
    this.#keys = keysByHeat(holdings.store)
  }

  /** Undefined: the pages before it were not asked for. */
  page(number: number, now: number): Page | undefined {
    const begin = this.#begins[number]
    if (begin === undefined) return undefined
    const entries: TransferredEntry[] = []
    let bytes = 0
    let at = begin
    const end = Math.min(this.#keys.length, begin + BOUNDS.scanMax)
    for (; at < end && bytes < BOUNDS.pageBytes && entries.length < LIMITS.pageEntriesMax; at++) {
      const key = this.#keys[at] as string
      const entry = this.#pick(key, now)
      if (entry === undefined) continue
      const size = key.length * 2 + entry.value.length + ENTRY_BYTES
      // A large one begins a page of its own: the largest just fits one.
      if (entries.length > 0 && bytes + size > BOUNDS.pageBytes) break
      // The memory of the store may move before the page is written.
      const value = new Uint8Array(entry.value)
      entries.push({ key, entry: carriedOf({ ...entry, value }, now) })
      bytes += size
    }
    this.#begins[number + 1] = at
    return { entries, last: at >= this.#keys.length }
  }

  #pick(key: string, now: number): Entry | undefined {
    const { store } = this.#holdings
    const { peer, differing, held, fresh } = this.#wanted
    const entry = store.latest(key)
    if (entry === undefined || (fresh && (entry.deleted || entry.expiresAt <= now))) return undefined
    const hash = hashKey(key)
    const target = { key, hash }
    if (!this.#holdings.isOf(peer, target)) return undefined
    // What only the receiver should hold is sent in any case: nobody compares it.
    const isShared = this.#holdings.isMine(target)
    if (isShared && (!differing.has(sliceOf(hash)) || held.get(hash) === entry.version)) return undefined
    return store.erasures.hide(key, entry) ? undefined : entry
  }
}
