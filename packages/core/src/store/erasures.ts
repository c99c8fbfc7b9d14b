// What was erased in bulk: since which version a namespace is cleared, and the entries of a tag are void. It takes
// effect at once, whatever the number of entries: those at or below it are hidden from every read, and their
// memory is reclaimed when they are met or make room.

import { LIMITS, namespaceOf } from '@cachemesh/protocol'
import type { Entry } from './entry.ts'

const NO_SLOTS = new Float64Array(0)

export class Erasures {
  readonly #namespaces = new Map<string, number>()
  /** By slot of a tag. It takes memory from the first on. */
  #slots: Float64Array = NO_SLOTS
  #latest = 0
  #latestTag = 0

  /** The greatest version that erased anything: what is above it needs no closer look. */
  get latest(): number {
    return this.#latest
  }

  namespace(name: string, version: number): void {
    if ((this.#namespaces.get(name) ?? 0) >= version) return
    this.#namespaces.set(name, version)
    this.#latest = Math.max(this.#latest, version)
  }

  tag(slot: number, version: number): void {
    if (this.#slots.length === 0) this.#slots = new Float64Array(LIMITS.tagSlotsMax)
    if ((this.#slots[slot] ?? Number.POSITIVE_INFINITY) >= version) return
    this.#slots[slot] = version
    this.#latestTag = Math.max(this.#latestTag, version)
    this.#latest = Math.max(this.#latest, version)
  }

  /** True when the entry was erased: no read may show it. */
  hide(key: string, { version, tags }: Entry): boolean {
    if (version > this.#latest) return false
    return this.cleared(key, version) || tags.some(slot => version <= (this.#slots[slot] ?? 0))
  }

  /** True when an entry of which nobody here knows the tags may have been erased: a copy (copies/). */
  mayHide(key: string, version: number): boolean {
    return version <= this.#latestTag || this.cleared(key, version)
  }

  /** True when the whole namespace was cleared since: nothing older can be there either. */
  cleared(key: string, version: number): boolean {
    return version <= (this.#namespaces.get(namespaceOf(key)) ?? 0)
  }
}
