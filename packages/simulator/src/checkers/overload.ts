import type { Measures } from '../scenario/scenario.ts'
import { isAnswered, type Operation } from '../workload/operation.ts'
import type { Host } from '../world/host.ts'
import { type Checker, FINE } from './checker.ts'
import type { HistoryChecker } from './history-checker.ts'

/** Of the calls for keys of members that have nothing to do so many may end badly: one of those met the busy one by chance. */
const ELSEWHERE_LEAST = 0.999

/**
 * One member has more to do than it gets done, for long. Who asks it hears so soon, whatever his patience; who asks
 * others notices nothing; and of all that is asked for elsewhere a share is answered. What the busy host's own program asks is
 * as slow as that host.
 */
export class Overload implements Checker, HistoryChecker {
  readonly name = 'overload'
  readonly #measure: Measures['overload']
  readonly #hosts: readonly Host[]
  /** Calls for keys of the busy host, and of the others, and how many of each were answered, for certain or at all. */
  readonly #there = { asked: 0, answered: 0, ended: 0, refused: 0 }
  readonly #elsewhere = { asked: 0, answered: 0, ended: 0, refused: 0 }

  constructor(hosts: readonly Host[], measure: Measures['overload']) {
    this.#hosts = hosts
    this.#measure = measure
  }

  settled({ key, hash, kind, startedAt, settledAt, result }: Operation, host: Host): string | undefined {
    const measure = this.#measure
    if (measure === undefined || startedAt < measure.from || startedAt >= measure.to) return undefined
    if (host.index === measure.host || result === undefined) return undefined
    const busy = this.#hosts[measure.host] as Host
    const of = host.core.placement.owner(hash, key) === busy.id ? this.#there : this.#elsewhere
    of.asked++
    if (isAnswered(result)) of.answered++
    if (result.kind !== 'failed') of.ended++
    else if (result.code === 'ERR_OVERLOADED') of.refused++
    const tookMs = (settledAt as number) - startedAt
    if (tookMs <= measure.withinMs) return undefined
    return `a ${kind} of ${key} took ${tookMs.toFixed(0)} ms to end, with ${result.kind === 'failed' ? result.code : result.kind}`
  }

  finished(): readonly string[] {
    if (this.#measure === undefined) return FINE
    const faults: string[] = []
    const [there, elsewhere] = [this.#there, this.#elsewhere]
    if (there.refused === 0) faults.push('nobody was refused by a member with too much to do')
    const others = there.asked - there.ended - there.refused
    if (others > 0) faults.push(`${others} calls for its keys failed, and were not refused`)
    if (elsewhere.answered < ELSEWHERE_LEAST * elsewhere.asked)
      faults.push(`of ${elsewhere.asked} calls for keys of others ${elsewhere.answered} were answered`)
    const goodput = (there.answered + elsewhere.answered) / (there.asked + elsewhere.asked)
    if (goodput < this.#measure.goodput)
      faults.push(`a share of ${goodput.toFixed(3)} of all calls was answered`)
    return faults
  }
}
