// What a node sends to one that should hold it: page by page, delete markers first, then what is used most.

import { hashKey, LIMITS, type TransferredEntry } from '@cachemesh/protocol'
import { BOUNDS } from '../limits/limits.ts'
import type { Entry } from '../store/entry.ts'
import type { Walk } from '../store/walk.ts'
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
  readonly #markers: readonly string[]
  /** As they were hot when the transfer began. What is written later goes to its holders as it is written. */
  readonly #walk: Walk
  /** Where each page begins, among markers and then entries. A page may be asked for again, as its frame may be lost. */
  readonly #begins: number[] = [0]

  constructor(holdings: Holdings, wanted: Wanted) {
    this.#holdings = holdings
    this.#wanted = wanted
    this.#markers = Array.from(holdings.store.markers.entries(), ([key]) => key)
    // Which of them the receiver should hold hangs on their namespace too, and may have changed when their turn comes.
    this.#walk = holdings.store.walk(() => true)
  }

  /** Goes on finding out what there is, for some ms of computing. Returns true when pages can be asked for. */
  prepare(): boolean {
    if (this.#walk.length === undefined) this.#walk.next(0, BOUNDS.scanMax / 64, () => {})
    return this.#walk.length !== undefined
  }

  /** When all is prepared. Undefined: the pages before it were not asked for. */
  page(number: number, now: number): Page | undefined {
    const begin = this.#begins[number]
    if (begin === undefined) return undefined
    const page: TransferredEntry[] = []
    const length = this.#markers.length + (this.#walk.length ?? 0)
    const end = Math.min(length, begin + BOUNDS.scanMax)
    let bytes = 0
    let at = begin
    for (; at < end && bytes < BOUNDS.pageBytes && page.length < LIMITS.pageEntriesMax; at++) {
      const found = this.#at(at, now)
      const size = found.reduce(
        (sum, { key, entry }) => sum + key.length * 2 + entry.value.length + ENTRY_BYTES,
        0,
      )
      // A large one begins a page of its own: the largest just fits one.
      if (page.length > 0 && bytes + size > BOUNDS.pageBytes) break
      page.push(...found)
      bytes += size
    }
    this.#begins[number + 1] = at
    return { entries: page, last: at >= length }
  }

  /** Mostly one. Keys of one hash stand at one place. */
  #at(place: number, now: number): TransferredEntry[] {
    const marker = this.#markers[place]
    const keys: string[] = []
    if (marker !== undefined) keys.push(marker)
    else this.#walk.next(place - this.#markers.length, 1, ({ key }) => keys.push(key))
    const found: TransferredEntry[] = []
    for (const key of keys) {
      const entry = this.#pick(key, now)
      // The memory of the store may move before the page is written.
      if (entry !== undefined)
        found.push({ key, entry: carriedOf({ ...entry, value: new Uint8Array(entry.value) }, now) })
    }
    return found
  }

  #pick(key: string, now: number): Entry | undefined {
    const { store } = this.#holdings
    const { peer, differing, held, fresh } = this.#wanted
    const entry = store.latest(key)
    // What was deleted is told to everybody: somebody else may still bring it.
    if (entry === undefined || (fresh && !entry.deleted && entry.expiresAt <= now)) return undefined
    const hash = hashKey(key)
    const target = { key, hash }
    if (!this.#holdings.isOf(peer, target)) return undefined
    // What only the receiver should hold is sent in any case: nobody compares it.
    const isShared = this.#holdings.isMine(target)
    if (isShared && (!differing.has(sliceOf(hash)) || held.get(hash) === entry.version)) return undefined
    return store.erasures.hide(key, entry) ? undefined : entry
  }
}
