import type { Paths } from '../network/paths.ts'
import type { Measures } from '../scenario/scenario.ts'
import type { Host } from '../world/host.ts'
import { type Checker, FINE, type Step } from './checker.ts'
import { changedBuckets } from './record-order.ts'
import { Truth } from './truth.ts'

/**
 * Counts removals, and those among them that are false: the member's process was up, not frozen for longer than
 * the silence after which a node is asked about, and could be reached by the author, over whomever.
 */
export class Removals implements Checker {
  readonly name = 'removals'
  /** Of a member in one incarnation, whoever wrote it. */
  all = 0
  /** Checks and accusations of members that were whole. */
  falseChecks = 0
  falseAccusations = 0
  /** Of members that were whole, and of those that paused or were slow. */
  falseOnes = 0
  falseOfSick = 0
  readonly #bound: Measures['falseRemovals']
  readonly #truth: Truth
  readonly #byId: ReadonlyMap<string, Host>
  readonly #seen = new Set<string>()

  constructor(hosts: readonly Host[], bound: Measures['falseRemovals']) {
    this.#bound = bound
    this.#truth = new Truth(hosts)
    this.#byId = new Map(hosts.map(host => [host.id, host]))
  }

  started(host: Host, now: number): void {
    this.#truth.started(host, now)
  }

  ended(): void {
    this.#truth.ended()
  }

  thaws(host: Host, now: number): void {
    this.#truth.thaws(host, now)
  }

  pathsChanged(paths: Paths, now: number): void {
    this.#truth.pathsChanged(paths, now)
  }

  stepped({ host, outputs, now }: Step): readonly string[] {
    for (const output of outputs) {
      if (output.kind !== 'suspicion' || output.state === 'cleared' || output.state === 'removed') continue
      if (this.#excuse(host, this.#byId.get(output.member), now) !== undefined) continue
      if (output.state === 'checking') this.falseChecks++
      else this.falseAccusations++
    }
    return FINE
  }

  changed({ host, before, after, now }: Step): readonly string[] {
    let wrong = FINE
    for (const [, { records }] of changedBuckets(before, after)) {
      for (const { member } of records) {
        if (member?.state !== 'removed') continue
        const name = `${member.id} ${member.since} ${member.incarnation}`
        if (this.#seen.has(name)) continue
        this.#seen.add(name)
        this.all++
        const fault = this.#judge(host, this.#byId.get(member.id), now)
        if (fault !== undefined) wrong = [...wrong, fault]
      }
    }
    return wrong
  }

  #judge(author: Host, victim: Host | undefined, now: number): string | undefined {
    const excuse = this.#excuse(author, victim, now)
    if (excuse === 'gone') return undefined
    if (excuse === 'sick') {
      this.falseOfSick++
      return undefined
    }
    this.falseOnes++
    return this.#bound === 'forbidden' ? `it removed host ${victim?.index}, which was there` : undefined
  }

  /** Why a node may think so of another; undefined: it has no reason. */
  #excuse(author: Host, victim: Host | undefined, now: number): 'gone' | 'sick' | undefined {
    if (victim === undefined || author === victim || this.#truth.absent(victim, now)) return 'gone'
    if (this.#truth.parted(author, victim, now)) return 'gone'
    return this.#truth.sick(victim, now) ? 'sick' : undefined
  }
}
