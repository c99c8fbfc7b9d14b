import type { Bucket, Configuration } from '@cachemesh/protocol'
import type { Host } from '../world/host.ts'
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

  readonly #given = new WeakSet<Configuration>()
  #givenRecords = 0
  #outrun = false

  /** What a process remembers was authored too, if only before the run. */
  started({ core: { configuration } }: Host): void {
    if (this.#given.has(configuration)) return
    this.#given.add(configuration)
    const before = this.#authored.size
    this.#count(configuration.buckets)
    this.#givenRecords += this.#authored.size - before
  }

  /** Distinct records authored so far, in the whole mesh. */
  get authored(): number {
    return this.#authored.size - this.#givenRecords
  }

  changed({ before, after }: Step): readonly string[] {
    for (const [old, now] of changedBuckets(before, after)) {
      this.#count([now])
      // A tombstone that is older than those that are kept is never seen: what shows is that a record is gone.
      for (const { key, hash } of old.records)
        if (!now.records.some(record => record.key === key)) this.#authored.add(`${key} ${hash} gone`)
    }
    const { serial } = after.version
    // One that is too great is everybody's soon.
    if (serial <= this.#authored.size || this.#outrun) return FINE
    this.#outrun = true
    return [`serial ${serial} after only ${this.#authored.size} changes`]
  }

  #count(buckets: readonly Bucket[]): void {
    for (const { records } of buckets) {
      for (const { key, hash } of records) this.#authored.add(`${key} ${hash}`)
    }
  }
}
