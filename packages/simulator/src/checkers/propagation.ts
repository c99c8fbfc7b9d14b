import type { ConfigurationRecord } from '@cachemesh/protocol'
import type { Host } from '../world/host.ts'
import { type Checker, FINE, type Step } from './checker.ts'
import { changedBuckets, compareRecords } from './record-order.ts'

interface Change {
  readonly record: ConfigurationRecord
  readonly at: number
  readonly waiting: Set<Host>
}

/**
 * Measures how long a change takes to reach everybody: from the step that authored it until all nodes that
 * had a link at that moment, and live on, hold it. Cuts, losses and crashes in between are part of the time.
 */
export class Propagation implements Checker {
  readonly name = 'propagation'
  /** Of each change that reached everybody, ms. */
  readonly latencies: number[] = []
  readonly #living = new Set<Host>()
  readonly #seen = new Set<string>()
  /** Changes on their way, by key. */
  readonly #changes = new Map<string, Change[]>()

  started(host: Host): void {
    this.#living.add(host)
  }

  ended(host: Host, now: number): void {
    this.#living.delete(host)
    for (const key of [...this.#changes.keys()]) this.#reached(key, { host, now })
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

  #authored(record: ConfigurationRecord, host: Host, now: number): void {
    const { key, hash } = record
    this.#seen.add(`${key} ${hash}`)
    if (host.core.linked.size === 0) return
    const waiting = new Set([...this.#living].filter(other => other !== host && other.core.linked.size > 0))
    if (waiting.size === 0) return
    const changes = this.#changes.get(key)
    if (changes === undefined) this.#changes.set(key, [{ record, at: now, waiting }])
    else changes.push({ record, at: now, waiting })
  }

  /** The host holds this record; without one it is gone and waits for nothing any more. */
  #reached(key: string, by: { host: Host; now: number; record?: ConfigurationRecord }): void {
    const left: Change[] = []
    for (const change of this.#changes.get(key) ?? []) {
      if (by.record === undefined || compareRecords(by.record, change.record) >= 0) {
        change.waiting.delete(by.host)
      }
      if (change.waiting.size > 0) left.push(change)
      else if (by.record !== undefined) this.latencies.push(by.now - change.at)
    }
    if (left.length > 0) this.#changes.set(key, left)
    else this.#changes.delete(key)
  }
}
