import type { Configuration, ConfigurationRecord } from '@cachemesh/protocol'
import type { Paths } from '../network/paths.ts'
import type { Host } from '../world/host.ts'
import { type Checker, FINE, type Step } from './checker.ts'
import { changedBuckets, compareRecords } from './record-order.ts'

interface Change {
  readonly record: ConfigurationRecord
  readonly author: Host
  readonly at: number
  readonly waiting: Set<Host>
  /** How many nodes it passed on its way to each that holds it, by id. */
  readonly hops: Map<string, number>
}

/**
 * Measures how long a change takes to reach everybody: from the step that authored it until it is held by all
 * nodes that had a link at that moment, live on, and were never frozen or cut off from the author meanwhile.
 * Losses and broken links are part of the time; how long a cut lasts says nothing of how fast news travels.
 */
export class Propagation implements Checker {
  readonly name = 'propagation'
  /** Of each change that reached everybody, ms. */
  readonly latencies: number[] = []
  /** Of each of them the longest way, in nodes. */
  readonly rounds: number[] = []
  readonly #living = new Set<Host>()
  readonly #seen = new Set<string>()
  readonly #given = new WeakSet<Configuration>()
  /** Changes on their way, by key. */
  readonly #changes = new Map<string, Change[]>()
  #paths: Paths | undefined

  started(host: Host): void {
    this.#living.add(host)
    const { configuration } = host.core
    if (this.#given.has(configuration)) return
    this.#given.add(configuration)
    for (const { records } of configuration.buckets) {
      for (const { key, hash } of records) this.#seen.add(`${key} ${hash}`)
    }
  }

  ended(host: Host): void {
    this.#living.delete(host)
    this.#dropWaiting((_, waiting) => waiting === host)
  }

  froze(host: Host): void {
    this.#dropWaiting((_, waiting) => waiting === host)
  }

  pathsChanged(paths: Paths): void {
    this.#paths = paths
    this.#dropWaiting((author, waiting) => this.#parted(author, waiting))
  }

  changed(step: Step): readonly string[] {
    for (const [, { records }] of changedBuckets(step.before, step.after)) {
      for (const record of records) {
        const { key, hash } = record
        const name = `${key} ${hash}`
        if (!this.#seen.has(name)) {
          this.#seen.add(name)
          this.#authored(record, step.host, step.now)
        } else if (this.#changes.has(key)) this.#reached(record, step)
      }
    }
    return FINE
  }

  #authored(record: ConfigurationRecord, host: Host, now: number): void {
    const { key } = record
    if (host.core.linked.size === 0) return
    const waiting = new Set<Host>()
    for (const other of this.#living) if (other !== host && this.#hears(other, host)) waiting.add(other)
    if (waiting.size === 0) return
    const changes = this.#changes.get(key)
    const change = { record, author: host, at: now, waiting, hops: new Map([[host.id, 0]]) }
    if (changes === undefined) this.#changes.set(key, [change])
    else changes.push(change)
  }

  #hears(other: Host, author: Host): boolean {
    return other.core.linked.size > 0 && other.frozenSince === undefined && !this.#parted(author, other)
  }

  #parted(a: Host, b: Host): boolean {
    return this.#paths !== undefined && !this.#paths.open(a.index, b.index)
  }

  #reached(held: ConfigurationRecord, { host, input, now }: Step): void {
    const changes = this.#changes.get(held.key) ?? []
    for (const { record, at, waiting, hops } of changes) {
      if (compareRecords(held, record) < 0) continue
      const before = 'from' in input ? hops.get(input.from) : undefined
      if (before !== undefined && !hops.has(host.id)) hops.set(host.id, before + 1)
      if (!waiting.delete(host) || waiting.size > 0) continue
      this.latencies.push(now - at)
      this.rounds.push(Math.max(...hops.values()))
    }
    this.#keep(held.key, changes)
  }

  #dropWaiting(gone: (author: Host, waiting: Host) => boolean): void {
    for (const [key, changes] of [...this.#changes]) {
      for (const { author, waiting } of changes) {
        for (const host of waiting) if (gone(author, host)) waiting.delete(host)
      }
      this.#keep(key, changes)
    }
  }

  #keep(key: string, changes: readonly Change[]): void {
    const waited = changes.filter(({ waiting }) => waiting.size > 0)
    if (waited.length > 0) this.#changes.set(key, waited)
    else this.#changes.delete(key)
  }
}
