import { ARC_COOL_DOWN_MS } from '@cachemesh/core'
import { type Configuration, KIND, type SetPosition, setPositions } from '@cachemesh/protocol'
import type { Measures } from '../scenario/scenario.ts'
import type { Operation } from '../workload/operation.ts'
import type { Host } from '../world/host.ts'
import { type Checker, FINE, type Step } from './checker.ts'
import type { HistoryChecker, SentRequest } from './history-checker.ts'

/**
 * How much more the busiest node answers than nodes do on average, of the reads in a while; and that nobody gives away,
 * shares or takes back an arc which anybody did that with a short time before.
 */
export class Evenness implements Checker, HistoryChecker {
  readonly name = 'evenness'
  readonly #measure: Measures['evenness']
  readonly #hosts: readonly Host[]
  readonly #answered = new Map<Host, number>()
  /** When the arc that ends at each position was changed last. */
  readonly #changedAt = new Map<number, number>()
  #now = 0
  /** Arcs that were given, shared or taken back. */
  changes = 0

  constructor(hosts: readonly Host[], measure: Measures['evenness']) {
    this.#hosts = hosts
    this.#measure = measure
  }

  /** The greatest number of answers of a node, divided by what they have on average; undefined: that was not the question. */
  get spread(): number | undefined {
    const counts = this.#hosts.map(host => this.#answered.get(host) ?? 0)
    const sum = counts.reduce((total, count) => total + count, 0)
    return this.#measure === undefined || sum === 0 ? undefined : (Math.max(...counts) * counts.length) / sum
  }

  settled({ kind, startedAt }: Operation, host: Host): undefined {
    if (kind === 'get' && this.#counts(startedAt)) this.#count(host, 1)
    return undefined
  }

  /** Whoever is asked answers, unless it passes the request on; then not it, but the next one does. */
  sent({ from, to, kind }: SentRequest): undefined {
    if (kind !== KIND.get || !this.#counts(this.#now)) return undefined
    this.#count(from, -1)
    this.#count(to, 1)
    return undefined
  }

  stepped({ host, now, input, before, after }: Step): readonly string[] {
    this.#now = now
    // Arcs are changed by a node's own clock; other inputs bring what somebody else did.
    if (before === after || input.kind !== 'tick') return FINE
    return changedPositions(before, after).flatMap(position => {
      const at = this.#changedAt.get(position) ?? Number.NEGATIVE_INFINITY
      this.#changedAt.set(position, now)
      this.changes++
      return now - at >= ARC_COOL_DOWN_MS
        ? []
        : `${host.id} changed the arc of ${position}, which was changed ${(now - at).toFixed(0)} ms before`
    })
  }

  finished(): readonly string[] {
    const { spread } = this
    if (this.#measure === undefined || spread === undefined || spread <= this.#measure.most) return FINE
    return [`the busiest node answered ${spread.toFixed(2)} times as much as nodes do on average`]
  }

  #counts(at: number): boolean {
    return this.#measure !== undefined && at >= this.#measure.from && at < this.#measure.to
  }

  #count(host: Host, by: number): void {
    this.#answered.set(host, (this.#answered.get(host) ?? 0) + by)
  }
}

function changedPositions(before: Configuration, after: Configuration): number[] {
  const [old, now] = [before, after].map(linesOf) as [Map<string, number>, Map<string, number>]
  const gone = [...old].filter(([line]) => !now.has(line))
  const come = [...now].filter(([line]) => !old.has(line))
  return [...new Set([...gone, ...come].map(([, position]) => position))]
}

function linesOf(configuration: Configuration): Map<string, number> {
  const given = setPositions(configuration).filter(({ by }) => by === 'load')
  return new Map(given.map(it => [lineOf(it), it.position]))
}

function lineOf({ position, members }: SetPosition): string {
  return `${position} ${members.join(' ')}`
}
