// What a change feed said last of each key: the order that the data store gives to its changes, and the version of the
// entry that was made of it. A feed is told of several times, by several programs, and not always in order.

import { BOUNDS } from '../limits/limits.ts'

interface Fed {
  readonly order: number
  /** 0: nothing was kept. */
  readonly version: number
}

export class Orders {
  readonly #fed = new Map<string, Fed>()
  #bytes = 0

  of(key: string): Fed | undefined {
    return this.#fed.get(key)
  }

  /** Bounded: those of the keys that were fed longest ago are forgotten. */
  set(key: string, fed: Fed): void {
    this.#drop(key)
    this.#fed.set(key, fed)
    this.#bytes += bytesOf(key)
    for (const oldest of this.#fed.keys()) {
      if (this.#bytes <= BOUNDS.absencesBytesMax) break
      this.#drop(oldest)
    }
  }

  #drop(key: string): void {
    if (this.#fed.delete(key)) this.#bytes -= bytesOf(key)
  }
}

function bytesOf(key: string): number {
  return key.length * 2 + BOUNDS.absenceOverheadBytes
}
