// Keys whose loads failed a moment ago. The data store is left alone for a while, longer after each failure in a row;
// meanwhile whoever asks gets the stale value, or is told of the failure.

import { CacheMeshError } from '@cachemesh/protocol'
import { BOUNDS, TIMES } from '../limits/limits.ts'

interface Failure {
  readonly count: number
  /** Monotonic ms. */
  readonly restsUntil: number
  readonly error: CacheMeshError
}

export class Failures {
  readonly #failures = new Map<string, Failure>()

  /** Why the key is not loaded now; undefined: it may be. */
  at(key: string, now: number): CacheMeshError | undefined {
    const failure = this.#failures.get(key)
    return failure !== undefined && now < failure.restsUntil ? failure.error : undefined
  }

  add(key: string, error: CacheMeshError, now: number): void {
    const before = this.#failures.get(key)
    const isInARow = before !== undefined && now < before.restsUntil + TIMES.loadRestMaxMs
    const count = isInARow ? before.count + 1 : 1
    const restMs = Math.min(TIMES.loadRestMaxMs, TIMES.loadRestMinMs * 2 ** (count - 1))
    this.#failures.delete(key)
    this.#failures.set(key, { count, restsUntil: now + restMs, error })
    if (this.#failures.size <= BOUNDS.failuresMax) return
    for (const oldest of this.#failures.keys()) {
      this.#failures.delete(oldest)
      return
    }
  }

  forget(key: string): void {
    this.#failures.delete(key)
  }
}

export function loadFailed(message: string): CacheMeshError {
  return new CacheMeshError('ERR_LOADER', message)
}
