import { ATTEMPTS_MAX, isAnswered, type Operation } from '../workload/operation.ts'
import type { Host } from '../world/host.ts'
import type { HistoryChecker } from './history-checker.ts'

/**
 * When faults have been over for long, every key can be read at every node: there is an entry, or certainly none. At
 * the last attempt: the first may be the one that a link is made for, and does not wait for it as long as dials take, and
 * a link that was not used for a minute may be closed in the moment in which the first goes over it.
 */
export class FinalReads implements HistoryChecker {
  readonly name = 'final-reads'
  readonly #hosts: readonly Host[]

  constructor(hosts: readonly Host[]) {
    this.#hosts = hosts
  }

  settled({ attempt, key, result }: Operation): string | undefined {
    if (attempt !== ATTEMPTS_MAX || isAnswered(result)) return undefined
    const living = this.#hosts.filter(({ state }) => state === 'up')
    // Who is left alone gives up the others in its own time; and where nobody has weight, nobody owns anything.
    if (living.length < 2 || living.every(({ plan }) => plan.weight === 0)) return undefined
    return `in the calm a read of ${key} ended with ${JSON.stringify(result)}`
  }
}
