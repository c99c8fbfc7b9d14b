import { type Checker, FINE, type Step } from './checker.ts'
import { changedBuckets } from './record-order.ts'

/**
 * Serials never outrun what was authored: merging, however often, in whatever order, invents no change.
 *
 * A record that no configuration held before can only have been authored in the step that first shows it.
 * Texts form a chain from the empty one up, each link of it adds a record, and a serial counts links.
 */
export class Serials implements Checker {
  readonly name = 'serials'
  readonly #authored = new Set<string>()

  /** Distinct records authored so far, in the whole mesh. */
  get authored(): number {
    return this.#authored.size
  }

  stepped({ before, after }: Step): readonly string[] {
    if (before === after) return FINE
    for (const [, { records }] of changedBuckets(before, after)) {
      for (const { key, hash } of records) this.#authored.add(`${key} ${hash}`)
    }
    const { serial } = after.version
    if (serial <= this.#authored.size) return FINE
    return [`serial ${serial} after only ${this.#authored.size} changes`]
  }
}
