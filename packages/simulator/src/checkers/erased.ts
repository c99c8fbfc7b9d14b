// What was erased in bulk does not come back. An entry is void when its write was acknowledged before the erasure began, and
// has no greater version: by clocks that differ a write may be later than an erasure that followed it, and lives. (An
// erasure from the far future voids what is there when it is heard of, so that versions alone say nothing.) A node that
// holds a configuration with the erasure shows no such entry; and when all is calm, and all hold one configuration,
// nobody is shown one, wherever it was kept meanwhile.

import { type Configuration, namespaceOf } from '@cachemesh/protocol'
import { isTagged } from '../workload/atomics.ts'
import type { Operation } from '../workload/operation.ts'
import type { Host } from '../world/host.ts'
import type { Erasing, HistoryChecker } from './history-checker.ts'
import type { Ownership } from './ownership.ts'

export class Erased implements HistoryChecker {
  readonly name = 'erased'
  readonly #ownership: Ownership
  readonly #erasures: Erasing[] = []
  readonly #writes = new Map<number, Operation>()
  /** What the owner, or at the end of a run the reader, held when each read began. */
  readonly #known = new Map<number, Configuration>()

  constructor(ownership: Ownership) {
    this.#ownership = ownership
  }

  erased(erasing: Erasing): void {
    this.#erasures.push(erasing)
  }

  asked(operation: Operation, host: Host): void {
    if (!isTagged(operation.key)) return
    if (operation.kind !== 'get') {
      this.#writes.set(operation.id, operation)
      return
    }
    const owner = this.#ownership.soleOwner(operation.hash, operation.startedAt)
    const holder = operation.attempt > 0 ? host : owner
    if (holder !== undefined) this.#known.set(operation.id, holder.core.configuration)
  }

  settled({ id, key, hash, startedAt, attempt, result }: Operation): string | undefined {
    const configuration = this.#known.get(id)
    this.#known.delete(id)
    if (configuration === undefined || result?.kind !== 'hit') return undefined
    // Whoever is the only owner at the end of the read was so at its beginning.
    const judged = attempt > 0 || (result.certain && this.#ownership.soleOwner(hash, startedAt) !== undefined)
    const write = this.#writes.get(result.write)
    if (!judged || write?.result?.kind !== 'done') return undefined
    const { settledAt = Number.POSITIVE_INFINITY, slot } = write
    const registers = [`erasures/${namespaceOf(key)}`, `erasures/~${slot}`]
    const erasure = this.#erasures.find(
      ({ register, counter, at }) =>
        registers.includes(register) &&
        at > settledAt &&
        counter >= result.version &&
        (configuration.register(register)?.counter ?? 0) >= counter,
    )
    if (erasure === undefined) return undefined
    return `a read of ${JSON.stringify(key)} found version ${result.version}, which ${erasure.register} has voided`
  }
}
