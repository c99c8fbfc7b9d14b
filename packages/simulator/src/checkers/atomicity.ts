// Writes that hang on what is there are carried out as a whole. Both rules speak only of times in which one host
// was the only one that took itself for the owner of the key, all the time and in one life (Ownership.soleOwner), and
// evicted nothing, and got nothing from others: across a change of owner both sides may succeed, as declared. They speak of what was told for certain.
//
// - Nothing happens to counters but that 1 is added. In the order of their versions the counts that were told rise, so
//   that every increment that was acknowledged is in the count; and they rise by no more than was asked for.
// - Of all who write in the place of one version one succeeds, and its own version is greater.

import type { Operation } from '../workload/operation.ts'
import type { Host } from '../world/host.ts'
import type { HistoryChecker } from './history-checker.ts'
import type { Ownership } from './ownership.ts'
import { changesBrought, Transfers } from './transfers.ts'

interface Counted {
  readonly count: number
  readonly version: number
}

/** The increments of one counter under one owner. */
interface Counting {
  readonly owner: Host
  readonly life: number
  readonly since: number
  /** How often others had changed what the owner holds: what comes later may have been counted elsewhere before. */
  readonly brought: number
  /** By version. */
  readonly told: Counted[]
  /** That were asked for before, and may be carried out or not. */
  readonly open: number
  readonly askedBefore: number
}

export class Atomicity implements HistoryChecker {
  readonly name = 'atomicity'
  readonly #ownership: Ownership
  readonly #countings = new Map<string, Counting>()
  /** Increments of each counter that were asked for. */
  readonly #asked = new Map<string, number>()
  readonly #open = new Map<string, number>()
  readonly #transfers: Transfers
  /** By key and expected version: who has succeeded. */
  readonly #compared = new Map<string, Operation>()

  constructor(ownership: Ownership, hosts: readonly Host[]) {
    this.#ownership = ownership
    this.#transfers = new Transfers(hosts)
  }

  asked(operation: Operation): void {
    const { kind, key } = operation
    if (kind !== 'increment') return
    this.#transfers.asked(operation)
    this.#asked.set(key, (this.#asked.get(key) ?? 0) + 1)
    this.#open.set(key, (this.#open.get(key) ?? 0) + 1)
  }

  settled(operation: Operation): string | undefined {
    const { kind, result } = operation
    if (kind === 'compare' && result?.kind === 'done' && result.certain) {
      return this.#replaced(operation, result.version)
    }
    if (kind !== 'increment' || result?.kind !== 'counted') return undefined
    // One that failed may come about at any time: it stays open.
    this.#open.set(operation.key, (this.#open.get(operation.key) ?? 0) - 1)
    const fault = result.certain ? this.#counted(operation, result) : undefined
    this.#transfers.settled(operation)
    return fault
  }

  #counted(operation: Operation, { count, version }: Counted): string | undefined {
    const { key, startedAt, hash } = operation
    const before = this.#countings.get(key)
    // It may have been carried out long before it is told, by who was the owner then.
    const since = Math.min(startedAt, before?.since ?? startedAt)
    const owner = this.#ownership.soleOwner(hash, since)
    const isOne = before !== undefined && owner === before.owner && owner.life === before.life
    if (!isOne || hasEvicted(owner) || changesBrought(owner) !== before.brought) {
      this.#begin(operation, { count, version })
      return undefined
    }
    const place = before.told.findLastIndex(other => other.version < version) + 1
    const [lower, higher] = [before.told[place - 1], before.told[place]]
    before.told.splice(place, 0, { count, version })
    if (lower !== undefined && lower.count >= count)
      return `${key} was counted to ${count} by version ${version}, after ${lower.count} by ${lower.version}`
    if (higher !== undefined && higher.count <= count)
      return `${key} was counted to ${count} by version ${version}, before ${higher.count} by ${higher.version}`
    const [first] = before.told
    const asked = (this.#asked.get(key) ?? 0) - before.askedBefore + before.open
    if (first !== undefined && count - first.count > asked)
      return `${key} rose from ${first.count} to ${count} by ${asked} increments at most`
    return undefined
  }

  #begin(operation: Operation, first: Counted): void {
    const { key, hash, startedAt } = operation
    const owner = this.#ownership.soleOwner(hash, startedAt)
    this.#countings.delete(key)
    if (owner === undefined) return
    this.#countings.set(key, {
      owner,
      life: owner.life,
      since: startedAt,
      brought: this.#transfers.before(operation, owner),
      told: [first],
      open: this.#open.get(key) ?? 0,
      askedBefore: this.#asked.get(key) ?? 0,
    })
  }

  #replaced(operation: Operation, version: number): string | undefined {
    const { key, hash, startedAt, expected = 0 } = operation
    if (version <= expected) return `version ${expected} of ${key} was replaced by the older ${version}`
    const what = `${key} ${expected}`
    const other = this.#compared.get(what)
    this.#compared.set(what, operation)
    if (
      other === undefined ||
      this.#ownership.soleOwner(hash, Math.min(other.startedAt, startedAt)) === undefined
    )
      return undefined
    return `version ${expected} of ${key} was replaced twice, by calls ${other.id} and ${operation.id}`
  }
}

function hasEvicted({ core }: Host): boolean {
  return core.store.stats.owned.evictions > 0
}
