import type { Operation } from '../workload/operation.ts'
import type { Host } from '../world/host.ts'
import type { Checker } from './checker.ts'
import type { HistoryChecker } from './history-checker.ts'
import { isSane } from './sane-version.ts'

interface Deletion {
  readonly operation: Operation
  readonly version: number
  /** When it was acknowledged everybody was linked to everybody: whoever had an older entry could be told. */
  readonly heardByAll: boolean
}

/**
 * What was deleted does not come back. When all is calm no read finds what was written, and acknowledged, before a delete
 * of its key began that was acknowledged for certain, with a greater version: not from a replica that missed the
 * delete, nor from whoever owned the key before, nor from the other side of a cut. But a delete is memory like
 * everything: when the last process ends that knows of it, before it could reach those on the other side, they have
 * what they had (storm of 5 nodes, seed 168: one that was cut off from all others deleted, and crashed).
 */
export class Deletions implements HistoryChecker, Checker {
  readonly name = 'deletions'
  readonly #hosts: readonly Host[]
  readonly #deletes = new Map<string, Deletion[]>()
  readonly #writtenAt = new Map<number, number>()

  constructor(hosts: readonly Host[]) {
    this.#hosts = hosts
  }

  ended(): void {
    const living = this.#hosts.filter(({ state }) => state !== 'down')
    for (const [key, deletes] of this.#deletes) {
      const isKept = (each: Deletion): boolean => each.heardByAll || living.some(host => knows(host, each))
      if (!deletes.every(isKept)) this.#deletes.set(key, deletes.filter(isKept))
    }
  }

  settled(operation: Operation): string | undefined {
    const { id, kind, key, attempt, startedAt, settledAt, result } = operation
    if (result?.kind === 'done' && kind !== 'delete') this.#writtenAt.set(id, settledAt as number)
    const isDelete = result?.kind === 'done' && kind === 'delete' && result.certain
    if (isDelete && isSane(result.version, settledAt as number)) {
      const deletion = { operation, version: result.version, heardByAll: areLinked(this.#hosts) }
      this.#deletes.set(key, [...(this.#deletes.get(key) ?? []), deletion])
    }
    if (attempt === 0 || result?.kind !== 'hit') return undefined
    const { version, write } = result
    const writtenAt = this.#writtenAt.get(write) ?? Number.POSITIVE_INFINITY
    const deletion = this.#deletes
      .get(key)
      ?.find(
        each =>
          each.version >= version &&
          each.operation.startedAt > writtenAt &&
          (each.operation.settledAt as number) <= startedAt,
      )
    if (deletion === undefined) return undefined
    return `a read of ${key} found write ${write} of version ${version}, which call ${deletion.operation.id} deleted with version ${deletion.version}`
  }
}

/** By a marker, by what was written after it, or by a floor. */
function knows({ core }: Host, { operation: { key, hash }, version }: Deletion): boolean {
  return (core.store.latest(key)?.version ?? 0) >= version || core.store.floors.of(hash) >= version
}

/** Every node that runs to every other, and each of them moves. */
function areLinked(hosts: readonly Host[]): boolean {
  const running = hosts.filter(({ state }) => state !== 'down')
  return running.every(
    ({ core, id, frozenSince }) =>
      frozenSince === undefined && running.every(other => other.id === id || core.linked.has(other.id)),
  )
}
