import type { Operation } from '../workload/operation.ts'
import type { HistoryChecker } from './history-checker.ts'
import { isSane } from './sane-version.ts'

/**
 * What was deleted does not come back. When all is calm no read finds what was written, and acknowledged, before a delete
 * of its key began that was acknowledged for certain, with a greater version: not from a replica that missed the
 * delete, nor from whoever owned the key before, nor from the other side of a cut.
 */
export class Deletions implements HistoryChecker {
  readonly name = 'deletions'
  readonly #deletes = new Map<string, Operation[]>()
  readonly #writtenAt = new Map<number, number>()

  settled(operation: Operation): string | undefined {
    const { id, kind, key, attempt, startedAt, settledAt, result } = operation
    if (result?.kind === 'done' && kind !== 'delete') this.#writtenAt.set(id, settledAt as number)
    const isDelete = result?.kind === 'done' && kind === 'delete' && result.certain
    if (isDelete && isSane(result.version, settledAt as number)) {
      this.#deletes.set(key, [...(this.#deletes.get(key) ?? []), operation])
    }
    if (attempt === 0 || result?.kind !== 'hit') return undefined
    const { version, write } = result
    const writtenAt = this.#writtenAt.get(write) ?? Number.POSITIVE_INFINITY
    const deletion = this.#deletes
      .get(key)
      ?.find(each => each.startedAt > writtenAt && versionOf(each) >= version && each.startedAt < startedAt)
    if (deletion === undefined) return undefined
    return `a read of ${key} found write ${write} of version ${version}, which call ${deletion.id} deleted with version ${versionOf(deletion)}`
  }
}

function versionOf({ result }: Operation): number {
  return result?.kind === 'done' ? result.version : 0
}
