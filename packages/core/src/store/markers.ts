// Delete markers: of each key that was deleted lately, the version of the delete. They are kept apart from
// entries, so that no read can meet one, and neither pushes the other out. They live for ten minutes or until
// younger ones need the room; then they raise the floor of their arc (floors.ts).

import { hashKey } from '@cachemesh/protocol'
import { BOUNDS, TIMES } from '../limits/limits.ts'
import { deleteMarker, type Entry } from './entry.ts'
import { arcOf, type Floors } from './floors.ts'

export class Markers {
  readonly bytesMax: number
  readonly #floors: Floors
  /** Oldest first. */
  readonly #markers = new Map<string, Entry>()
  #bytes = 0

  constructor(bytesMax: number, floors: Floors) {
    this.bytesMax = bytesMax
    this.#floors = floors
  }

  get bytes(): number {
    return this.#bytes
  }

  get size(): number {
    return this.#markers.size
  }

  get(key: string): Entry | undefined {
    return this.#markers.get(key)
  }

  put(key: string, version: number, now: number): Entry {
    this.delete(key)
    const marker = deleteMarker(version, now + TIMES.markerMs)
    this.#markers.set(key, marker)
    this.#bytes += markerBytes(key)
    this.#trim(now)
    return marker
  }

  /** A newer write took its place: it says nothing any more, and raises no floor. */
  delete(key: string): void {
    if (this.#markers.delete(key)) this.#bytes -= markerBytes(key)
  }

  entries(): IterableIterator<[string, Entry]> {
    return this.#markers.entries()
  }

  /** Forgets all of them but for their floors. */
  clear(): void {
    for (const [key, { version }] of this.#markers) this.#drop(key, version)
  }

  #trim(now: number): void {
    for (const [key, { version, expiresAt }] of this.#markers) {
      if (expiresAt > now && this.#bytes <= this.bytesMax) return
      this.#drop(key, version)
    }
  }

  #drop(key: string, version: number): void {
    this.delete(key)
    this.#floors.raise(arcOf(hashKey(key)), version)
  }
}

function markerBytes(key: string): number {
  return key.length * 2 + BOUNDS.markerOverheadBytes
}
