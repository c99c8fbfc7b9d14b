import type { Operation } from '../workload/operation.ts'
import { bytesOf } from '../workload/values.ts'
import type { HistoryChecker } from './history-checker.ts'

/** A read finds nothing, or the whole value of a write of that key; never another's, never a part, never anything else. */
export class ValuesRead implements HistoryChecker {
  readonly name = 'values-read'
  readonly #writes = new Map<number, Operation>()

  asked(operation: Operation): void {
    if (operation.kind === 'set') this.#writes.set(operation.id, operation)
  }

  settled({ kind, key, result }: Operation): string | undefined {
    if (kind !== 'get' || result?.kind !== 'hit') return undefined
    const write = this.#writes.get(result.write)
    if (write === undefined) return `a read of ${key} found what nobody wrote: ${result.write}`
    if (write.key !== key) return `a read of ${key} found a value of ${write.key}`
    if (!result.whole || bytesOf(write) !== result.bytes)
      return `a read of ${key} found write ${write.id} torn: ${result.bytes} of ${bytesOf(write)} bytes`
    return undefined
  }
}
