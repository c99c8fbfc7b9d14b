import type { ConfigurationRecord } from '@cachemesh/protocol'
import type { Paths } from '../network/paths.ts'
import type { Host } from '../world/host.ts'
import { type Checker, FINE, type Step } from './checker.ts'
import { changedBuckets, compareRecords } from './record-order.ts'

interface Change {
  readonly record: ConfigurationRecord
  readonly author: Host
  readonly at: number
  readonly waiting: Set<Host>
}

/**
 * Measures how long a change takes to reach everybody: from the step that authored it until it is held by all
 * nodes that had a link at that moment, live on, and were never cut off from the author meanwhile. Losses and
 * broken links are part of the time; how long a cut lasts says nothing of how fast news travels.
 */
export class Propagation implements Checker {
  readonly name = 'propagation'
  /** Of each change that reached everybody, ms. */
  readonly latencies: number[] = []
  readonly #living = new Set<Host>()
  readonly #seen = new Set<string>()
  /** Changes on their way, by key. */
  readonly #changes = new Map<string, Change[]>()
  #paths: Paths | undefined

  started(host: Host): void {
    this.#living.add(host)
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

  stepped({ host, before, after, now }: Step): readonly string[] {
    for (const [, { records }] of changedBuckets(before, after)) {
      for (const record of records) {
        const { key, hash } = record
        if (!this.#seen.has(`${key} ${hash}`)) this.#authored(record, host, now)
        else if (this.#changes.has(key)) this.#reached(key, { host, now, record })
      }
    }
    return FINE
  }

  #parted(a: Host, b: Host): boolean {
    return this.#paths !== undefined && !this.#paths.open(a.index, b.index)
  }

  #authored(record: ConfigurationRecord, host: Host, now: number): void {
    const { key, hash } = record
    this.#seen.add(`${key} ${hash}`)
    if (host.core.linked.size === 0) return
    const waiting = new Set<Host>()
    for (const other of this.#living) {
      if (other !== host && this.#hears(other, host)) waiting.add(other)
    }
    if (waiting.size === 0) return
    const changes = this.#changes.get(key)
    const change = { record, author: host, at: now, waiting }
    if (changes === undefined) this.#changes.set(key, [change])
    else changes.push(change)
  }

  #hears(other: Host, author: Host): boolean {
    return other.core.linked.size > 0 && other.frozenSince === undefined && !this.#parted(author, other)
  }

  #reached(key: string, by: { host: Host; now: number; record: ConfigurationRecord }): void {
    const changes = this.#changes.get(key) ?? []
    for (const { record, at, waiting } of changes) {
      if (compareRecords(by.record, record) < 0 || !waiting.delete(by.host)) continue
      if (waiting.size === 0) this.latencies.push(by.now - at)
    }
    this.#keep(key, changes)
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
