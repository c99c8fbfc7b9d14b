// What came of merging two documents. In a mesh the same news meet the same document at every node; nodes of one process
// that share this find most joins done. A document is what its version says: its digest proves its text.

import { type Configuration, merge, type TombstoneBound } from '@cachemesh/protocol'

export class Merges {
  readonly #kept: number
  /** By both versions, oldest first. */
  readonly #merged = new Map<string, Configuration>()

  /** @param kept how many; a node by itself hardly ever merges the same twice and needs none */
  constructor(kept = 0) {
    this.#kept = kept
  }

  /** As `merge`: one of the two itself when it says, and is labelled, as what comes of them. */
  of(mine: Configuration, theirs: Configuration, bound: TombstoneBound): Configuration {
    if (this.#kept === 0) return merge(mine, theirs, bound)
    const { min, perLiving, forgetful } = bound
    const name = `${nameOf(mine)} ${nameOf(theirs)} ${min} ${perLiving} ${forgetful}`
    const known = this.#merged.get(name)
    if (known !== undefined) {
      const name = nameOf(known)
      return name === nameOf(mine) ? mine : name === nameOf(theirs) ? theirs : known
    }
    const merged = merge(mine, theirs, bound)
    this.#merged.set(name, merged)
    const [oldest] = this.#merged.keys()
    if (this.#merged.size > this.#kept) this.#merged.delete(oldest as string)
    return merged
  }
}

function nameOf({ version: { serial, timestamp, digest } }: Configuration): string {
  return `${serial} ${timestamp} ${digest}`
}
