// Values of own keys as the program's own objects, for namespaces that want them by reference. Each belongs to one version
// of its key: the store has the entry all the same, encoded, and decides what it is and whether it is there; so what a
// peer writes, what expires, is deleted or cleared is never shown.

import { LRUCache } from 'lru-cache'

/** An object takes about as much again as its encoded form, and this. */
const OVERHEAD_BYTES = 256

interface Reference {
  readonly version: number
  readonly value: unknown
}

export class References {
  readonly #kept: LRUCache<string, Reference>

  /** @param bytesMax bytes of encoded values, with what an object costs besides */
  constructor(bytesMax: number) {
    this.#kept = new LRUCache({ maxSize: bytesMax })
  }

  get(key: string, version: number): Reference | undefined {
    const reference = this.#kept.get(key)
    return reference?.version === version ? reference : undefined
  }

  keep(key: string, reference: Reference, encodedBytes: number): void {
    this.#kept.set(key, reference, { size: 2 * (key.length + encodedBytes) + OVERHEAD_BYTES })
  }
}
