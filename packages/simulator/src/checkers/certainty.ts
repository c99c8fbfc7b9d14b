// What a program is told for certain is true. Three rules; all speak only of times in which one host X was the only one
// that took itself for the owner of the key, all the time and in one life (Ownership.soleOwner). In such a time
// nobody else may answer for certain: who is asked and does not take himself for the owner passes the request on, or
// answers in somebody's place, and has to say so.
//
// - A certain miss is wrong when X held an entry of the key all the time from the beginning of the read to its end.
//   It did when its memory holds, at the end, a write that was acknowledged before the read began, under the version that
//   it had then, and it has got nothing from others meanwhile: a write is put into one memory once under one version, and
//   what was removed never comes back. The version alone does not tell: two nodes that know nothing of each other may give
//   it to two writes.
// - A write that was acknowledged for certain has been carried out by X: its memory holds that version or a later
//   one. (X gives versions that rise.) Unless a delete may have come after it, or X has evicted something in this
//   life. And after a delete it holds no version up to that of the delete.
// - What a read finds for certain, and not in a copy (staleness.ts), is not older than any write or delete that was acknowledged for certain before the
//   read began: X has answered it, and had carried that out. Unless X has evicted something in this life: what it
//   still gets from who had the key before may be older than what it has evicted.
//
// Whoever crashes, loses its part of the ring or is cut off from those who think otherwise makes two owners, or a
// short life, and is not judged: such writes are lost, as declared.

import { isTagged } from '../workload/atomics.ts'
import type { Operation } from '../workload/operation.ts'
import { writeIn } from '../workload/values.ts'
import type { Host } from '../world/host.ts'
import type { HistoryChecker } from './history-checker.ts'
import type { Ownership } from './ownership.ts'
import { isSane } from './sane-version.ts'
import { changesBrought, Transfers } from './transfers.ts'

export class Certainty implements HistoryChecker {
  readonly name = 'certainty'
  readonly #ownership: Ownership
  /** When each version of a write was acknowledged. */
  readonly #acknowledged = new Map<string, number>()
  /** The last write or delete of each key that was acknowledged for certain. */
  readonly #latest = new Map<string, { readonly version: number; readonly operation: Operation }>()
  /** Deletes of a key that may have had an effect at any time since they began: until they are known to be over. */
  readonly #deletes = new Map<string, Set<Operation>>()

  readonly #transfers: Transfers

  constructor(ownership: Ownership, hosts: readonly Host[]) {
    this.#ownership = ownership
    this.#transfers = new Transfers(hosts)
  }

  asked(operation: Operation): void {
    if (operation.kind === 'get' || operation.kind === 'load') this.#transfers.asked(operation)
    if (operation.kind !== 'delete') return
    const deletes = this.#deletes.get(operation.key) ?? new Set()
    this.#deletes.set(operation.key, deletes.add(operation))
  }

  settled(operation: Operation): string | undefined {
    const fault = this.#judged(operation)
    this.#transfers.settled(operation)
    return fault
  }

  #judged(operation: Operation): string | undefined {
    const { result } = operation
    // What may be erased in bulk is judged by another (erased.ts).
    if (isTagged(operation.key)) return undefined
    if (result?.kind === 'miss' && result.certain) return this.#missed(operation)
    if (result?.kind === 'hit' && result.certain && !result.copied)
      return this.#found(operation, result.version)
    if (result?.kind !== 'done') return undefined
    if (operation.kind !== 'delete')
      this.#acknowledged.set(`${operation.id} ${result.version}`, operation.settledAt as number)
    if (!result.certain) return undefined
    const { version } = result
    const isLatest = version > (this.#latest.get(operation.key)?.version ?? 0)
    if (isLatest && isSane(version, operation.settledAt as number))
      this.#latest.set(operation.key, { version, operation })
    return this.#written(operation, version)
  }

  #missed(operation: Operation): string | undefined {
    const { key, hash, startedAt } = operation
    const owner = this.#livingOwner(hash, startedAt)
    const entry = owner?.core.store.find(key)
    if (owner === undefined || entry === undefined) return undefined
    if (changesBrought(owner) !== this.#transfers.before(operation, owner)) return undefined
    const since = this.#acknowledged.get(`${writeIn(entry.value)} ${entry.version}`)
    if (since === undefined || since >= startedAt) return undefined
    return `a certain miss of ${key}, of which host ${owner.index}, the owner, holds version ${entry.version} since ${since}`
  }

  #found({ key, hash, startedAt }: Operation, version: number): string | undefined {
    const latest = this.#latest.get(key)
    if (latest === undefined || version >= latest.version) return undefined
    const { operation } = latest
    if ((operation.settledAt as number) >= startedAt) return undefined
    const owner = this.#ownership.soleOwner(hash, operation.startedAt)
    if (owner === undefined || (owner.state !== 'down' && hasEvicted(owner))) return undefined
    return `a read of ${key} found version ${version}; a ${operation.kind} with version ${latest.version} was acknowledged before by host ${owner.index}, the owner`
  }

  #written(operation: Operation, version: number): string | undefined {
    const { kind, key, hash, startedAt } = operation
    const owner = this.#livingOwner(hash, startedAt)
    if (owner === undefined) return undefined
    const held = owner.core.store.find(key)?.version ?? 0
    if (kind === 'delete') {
      if (held === 0 || held > version) return undefined
      return `${key} was deleted for certain with version ${version}; host ${owner.index}, the owner, holds ${held}`
    }
    if (held >= version || hasEvicted(owner) || this.#mayBeDeleted(key, startedAt)) return undefined
    return `version ${version} of ${key} was acknowledged for certain; host ${owner.index}, the owner, holds ${held || 'none'}`
  }

  /** The sole owner, if its memory can be looked into: its answer may come when it has ended. */
  #livingOwner(hash: number, since: number): Host | undefined {
    const owner = this.#ownership.soleOwner(hash, since)
    return owner?.state === 'down' ? undefined : owner
  }

  /** A delete whose result nobody knows may come about at any time, also much later. */
  #mayBeDeleted(key: string, since: number): boolean {
    const deletes = this.#deletes.get(key) ?? []
    for (const { result, settledAt } of deletes) {
      if (result?.kind !== 'done' || !result.certain || (settledAt as number) >= since) return true
    }
    return false
  }
}

function hasEvicted({ core }: Host): boolean {
  return core.store.stats.owned.evictions > 0
}
