// A copy outlives a write by its lease at most. Judged from when a read began, against writes and deletes that were
// acknowledged for certain so long before; and only of times in which one host was the only one that took itself for
// the owner of the key, in one life (Ownership.soleOwner): across a cut each side reads its own writes, as declared.

import type { Operation } from '../workload/operation.ts'
import type { HistoryChecker } from './history-checker.ts'
import type { Ownership } from './ownership.ts'

interface Write {
  readonly version: number
  readonly startedAt: number
  readonly acknowledgedAt: number
}

export class Staleness implements HistoryChecker {
  readonly name = 'staleness'
  readonly #ownership: Ownership
  readonly #leaseMs: number
  /** Of each key the writes that a copy may be older than, by time. */
  readonly #writes = new Map<string, Write[]>()
  /** Reads that were answered from a copy, and how many of them found what had been written over. */
  copied = 0
  stale = 0

  constructor(ownership: Ownership, leaseMs: number) {
    this.#ownership = ownership
    this.#leaseMs = leaseMs
  }

  settled({ kind, key, hash, startedAt, settledAt, result }: Operation): string | undefined {
    if (result?.kind === 'done' && result.certain) {
      const { version } = result
      this.#writesOf(key).push({ version, startedAt, acknowledgedAt: settledAt as number })
    }
    if (kind !== 'get' || result?.kind !== 'hit' || !result.copied) return undefined
    this.copied++
    const later = this.#writesOf(key).filter(
      ({ version, acknowledgedAt }) => version > result.version && acknowledgedAt < startedAt,
    )
    if (later.length > 0) this.stale++
    for (const { version, startedAt: since, acknowledgedAt } of later) {
      if (acknowledgedAt >= startedAt - this.#leaseMs || this.#ownership.soleOwner(hash, since) === undefined)
        continue
      return `a copy of ${key} was read with version ${result.version}, ${startedAt - acknowledgedAt} ms after version ${version} was acknowledged; the lease is ${this.#leaseMs} ms`
    }
    return undefined
  }

  #writesOf(key: string): Write[] {
    let writes = this.#writes.get(key)
    if (writes === undefined) {
      writes = []
      this.#writes.set(key, writes)
    }
    return writes
  }
}
