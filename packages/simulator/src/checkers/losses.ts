import type { Scenario } from '../scenario/scenario.ts'
import type { Operation } from '../workload/operation.ts'
import type { Host } from '../world/host.ts'
import type { HistoryChecker } from './history-checker.ts'

/**
 * What was acknowledged for certain is there from then on, or something later: a read that begins after it finds for
 * certain no older version, and misses no key whose last write was a set. Judged of writes as their versions order them, where the scenario says so:
 * in the others members go in ways that lose writes, as declared. Not of keys with a write or delete whose end nobody
 * knows: it may have come about later.
 */
export class Losses implements HistoryChecker {
  readonly name = 'losses'
  readonly #applies: boolean
  readonly #hosts: readonly Host[]
  readonly #latest = new Map<string, { readonly version: number; readonly operation: Operation }>()
  readonly #unknown = new Map<string, number>()

  constructor({ measures }: Scenario, hosts: readonly Host[]) {
    this.#applies = measures?.losses === 'forbidden'
    this.#hosts = hosts
  }

  asked({ kind, key }: Operation): void {
    if (this.#applies && kind !== 'get') this.#unknown.set(key, (this.#unknown.get(key) ?? 0) + 1)
  }

  settled(operation: Operation): string | undefined {
    if (!this.#applies) return undefined
    const { kind, key, result } = operation
    if (kind === 'get') return this.#found(operation)
    // What somebody did in the owner's place may come to the owner later, or not.
    if (result?.kind !== 'done' || !result.certain) return undefined
    this.#unknown.set(key, (this.#unknown.get(key) ?? 0) - 1)
    const { version } = result
    if (version > (this.#latest.get(key)?.version ?? 0)) this.#latest.set(key, { version, operation })
    return undefined
  }

  #found({ key, startedAt, result }: Operation): string | undefined {
    const latest = this.#latest.get(key)
    if (latest === undefined || result === undefined) return undefined
    const { version, operation } = latest
    if ((operation.settledAt as number) >= startedAt) return undefined
    const was = `${operation.kind} with version ${version}, acknowledged at ${operation.settledAt}`
    if (result.kind === 'hit' && result.certain && result.version < version)
      return `a read of ${key} found version ${result.version} after a ${was}`
    const mayBeDeleted = operation.kind === 'delete' || (this.#unknown.get(key) ?? 0) > 0
    if (result.kind === 'miss' && result.certain && !mayBeDeleted && !this.#hosts.some(hasEvicted))
      return `a read of ${key} found nothing after a ${was}`
    return undefined
  }
}

function hasEvicted(host: Host): boolean {
  return host.state === 'up' && host.core.store.stats.owned.evictions > 0
}
