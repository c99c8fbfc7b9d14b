// Negative entries: keys of which a loader said that the data store has nothing. They are apart from entries, so that no
// plain read meets one. The first write of the key ends one (Store.unwritten), the oldest make room.

import { BOUNDS } from '../limits/limits.ts'
import type { Store } from '../store/store.ts'
import { isErased } from './erased.ts'
import type { Asked } from './flight.ts'

interface Absence {
  readonly token: number
  /** Monotonic ms. */
  readonly until: number
}

export class Absences {
  readonly #store: Store
  readonly #absences = new Map<string, Absence>()
  #bytes = 0

  constructor(store: Store) {
    this.#store = store
  }

  get size(): number {
    return this.#absences.size
  }

  has(asked: Asked, now: number): boolean {
    const { key } = asked
    const absence = this.#absences.get(key)
    if (absence === undefined) return false
    const since = this.#store.unwritten.get(key)
    const isUnwritten = since !== undefined && since <= absence.token
    if (isUnwritten && now < absence.until && !isErased(this.#store, asked, absence.token)) return true
    this.drop(key)
    return false
  }

  /** The key is not written since `token`. */
  put({ key }: Asked, token: number, until: number): void {
    this.drop(key)
    this.#absences.set(key, { token, until })
    this.#store.unwritten.set(key, token)
    this.#bytes += bytesOf(key)
    for (const oldest of this.#absences.keys()) {
      if (this.#bytes <= BOUNDS.absencesBytesMax) break
      this.drop(oldest)
    }
  }

  drop(key: string): void {
    if (!this.#absences.delete(key)) return
    this.#bytes -= bytesOf(key)
    this.#store.unwritten.delete(key)
  }
}

function bytesOf(key: string): number {
  return key.length * 2 + BOUNDS.absenceOverheadBytes
}
