/** So many requests in a row without an answer, over so long a time, are more than bad luck. */
const FAILURES_MIN = 10
const FAILING_MS = 3_000
/** Without a request nothing is known any more. */
const FORGOTTEN_MS = 10_000

interface Failures {
  count: number
  readonly since: number
  last: number
}

/**
 * What requests say of the members that they go to. A member may answer every beat and no request (a gray failure:
 * Huang and others, 2017): then it is up, and of no use to anybody.
 */
export class Evidence {
  readonly #failing = new Map<string, Failures>()

  /** A request was answered, with whatever but a fault of the member itself. */
  answered(peer: string): void {
    if (this.#failing.size > 0) this.#failing.delete(peer)
  }

  /** A request was not answered in time, or with a fault of the member itself. */
  failed(peer: string, awake: number): void {
    const failures = this.#failing.get(peer)
    if (failures === undefined || awake - failures.last > FORGOTTEN_MS)
      this.#failing.set(peer, { count: 1, since: awake, last: awake })
    else {
      failures.count++
      failures.last = awake
    }
  }

  /** True when requests have failed for a while, and none was answered. */
  against(peer: string, awake: number): boolean {
    const failures = this.#failing.get(peer)
    if (failures === undefined) return false
    if (awake - failures.last > FORGOTTEN_MS) {
      this.#failing.delete(peer)
      return false
    }
    return failures.count >= FAILURES_MIN && failures.last - failures.since >= FAILING_MS
  }
}
