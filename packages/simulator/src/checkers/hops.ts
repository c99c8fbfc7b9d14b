import { KIND, LIMITS } from '@cachemesh/protocol'
import type { Operation } from '../workload/operation.ts'
import type { HistoryChecker, SentRequest } from './history-checker.ts'

/**
 * A request goes over two hops at most. What a frame says of its way is not believed: one that has passed nobody
 * must be asked for by a program of its sender right now, and one that has passed somebody must have come from
 * there. So nobody can make a third hop and call it the first.
 */
export class Hops implements HistoryChecker {
  readonly name = 'hops'
  /** Calls that wait, by host and key. */
  readonly #asked = new Map<string, number>()
  /** First hops that were made: who, to whom, for which key. */
  readonly #firstHops = new Set<string>()

  asked({ host, life, key }: Operation): void {
    const name = `${host} ${life} ${key}`
    this.#asked.set(name, (this.#asked.get(name) ?? 0) + 1)
  }

  settled({ host, life, key }: Operation): string | undefined {
    const name = `${host} ${life} ${key}`
    this.#asked.set(name, (this.#asked.get(name) ?? 0) - 1)
    return undefined
  }

  sent({ from, to, key, hops, kind }: SentRequest): string | undefined {
    // Word to the holder of a copy is the owner's own, for a write that somebody else may have asked for.
    if (kind === KIND.invalidate) return undefined
    // What a lease brings back goes straight to the member that granted it, whenever the load is done.
    if (kind === KIND.fill || kind === KIND.release)
      return hops.length === 0 ? undefined : `what was loaded of ${key} was passed on by ${from.id}`
    const way = `${[...hops, from.id].join(', ')} and ${to.id}`
    if (hops.length >= LIMITS.hopsMax) return `a request for ${key} takes a way too long: ${way}`
    if (hops.includes(to.id) || to === from) return `a request for ${key} goes in a circle: ${way}`
    const [first] = hops
    if (first === undefined) {
      if ((this.#asked.get(`${from.index} ${from.life} ${key}`) ?? 0) <= 0)
        return `a request for ${key} sets out from ${from.id}, where nobody asks for it`
      this.#firstHops.add(`${from.id} ${to.id} ${key}`)
    } else if (!this.#firstHops.has(`${first} ${from.id} ${key}`)) {
      return `a request for ${key} says that it came from ${first}, who never sent it`
    }
    return undefined
  }
}
