import type { Load, Operation } from '../workload/operation.ts'
import { bytesOf } from '../workload/values.ts'
import type { HistoryChecker } from './history-checker.ts'

type Write = Pick<Operation, 'id' | 'key' | 'sizeBytes'>

/** A read finds nothing, or the whole value of a write or a load of that key; never another's, never a part, never anything else. */
export class ValuesRead implements HistoryChecker {
  readonly name = 'values-read'
  readonly #writes = new Map<number, Write>()

  asked(operation: Operation): void {
    if (operation.kind === 'set' || operation.kind === 'compare' || operation.kind === 'tagged')
      this.#writes.set(operation.id, operation)
  }

  loads(load: Load): void {
    this.#writes.set(load.id, load)
  }

  settled({ kind, key, result }: Operation): string | undefined {
    if ((kind !== 'get' && kind !== 'load') || result?.kind !== 'hit') return undefined
    const write = this.#writes.get(result.write)
    if (write === undefined) return `a read of ${key} found what nobody wrote: ${result.write}`
    if (write.key !== key) return `a read of ${key} found a value of ${write.key}`
    if (!result.whole || bytesOf(write) !== result.bytes)
      return `a read of ${key} found write ${write.id} torn: ${result.bytes} of ${bytesOf(write)} bytes`
    return undefined
  }
}
