// Of all who miss a key at once, as many load it as there are owners of it among the configurations in use: one while the
// ring is as it is, two while it changes once. And nobody hangs: each gets the value, by whichever way.
//
// Judged of herds without any trouble but members that join, leave and die, and clocks. Whoever dies takes its lease with
// it, or what others load for it: for each process that ends meanwhile there may be one load more, and who waited for it
// may have nothing in time. Loads of a process that ends before they do are not counted. Who stands still or cannot be
// heard may cost more, and is not judged; nor are herds whose key is written meanwhile: a write voids what is loaded.

import type { Fault, Scenario } from '../scenario/scenario.ts'
import type { Load, Operation } from '../workload/operation.ts'
import type { Host } from '../world/host.ts'
import type { Checker } from './checker.ts'
import type { HistoryChecker } from './history-checker.ts'
import type { Ownership } from './ownership.ts'

const HARMLESS: readonly Fault['kind'][] = ['leave', 'gateway', 'setting', 'clock', 'fill-cache']
/** Processes end, and nothing else. */
const DEADLY: readonly Fault['kind'][] = ['crash', 'power-loss']
/** A trouble may have effects for so long after it is over: members that are removed, links that are made, ms. */
const AFTERMATH_MS = 15_000
/** A node that has just started has not all its links yet: it may load by itself what it cannot reach, ms. */
const NEW_MS = 1_000
/** What a herd may take besides its loads: ways, late timers, members that are passed over, ms. */
const HASTE_MS = 2_500

interface Herd {
  readonly hash: number
  readonly startedAt: number
  open: number
  readonly loads: { readonly load: Load; readonly host: Host }[]
  readonly unanswered: Operation[]
  isWritten: boolean
}

export class HerdLoads implements HistoryChecker, Checker {
  readonly name = 'herd'
  readonly #scenario: Scenario
  readonly #ownership: Ownership
  readonly #herds = new Map<string, Herd>()
  readonly #startedAt = new Map<Host, number>()
  /** When processes ended. */
  readonly #deaths: number[] = []
  /** How often each herd loaded that was judged. */
  readonly counts: number[] = []

  constructor(scenario: Scenario, ownership: Ownership) {
    this.#scenario = scenario
    this.#ownership = ownership
  }

  started(host: Host, now: number): void {
    this.#startedAt.set(host, now)
  }

  ended(_host: Host, now: number): void {
    this.#deaths.push(now)
  }

  asked({ kind, key, hash, startedAt }: Operation): void {
    const herd = this.#herds.get(key)
    if (kind === 'load' && herd === undefined)
      this.#herds.set(key, { hash, startedAt, open: 1, loads: [], unanswered: [], isWritten: false })
    else if (kind === 'load' && herd) herd.open++
    else if (herd && kind !== 'get') herd.isWritten = true
  }

  loads(load: Load, host: Host): void {
    this.#herds.get(load.key)?.loads.push({ load, host })
  }

  settled(operation: Operation): string | undefined {
    const herd = this.#herds.get(operation.key)
    if (operation.kind !== 'load' || herd === undefined) return undefined
    herd.open--
    if (operation.result?.kind !== 'hit') herd.unanswered.push(operation)
    if (herd.open > 0 || !this.#isJudged(herd, operation.settledAt as number)) return undefined
    const unanswered = herd.unanswered.splice(0)
    const [hung] = unanswered
    const deaths = this.#deaths.filter(at => at >= herd.startedAt).length
    if (hung !== undefined && this.#hasTime && !this.#isAmongDying(herd, operation.settledAt as number)) {
      const { length } = unanswered
      return `${length} of those who wanted ${hung.key} had nothing: ${JSON.stringify(hung.result)} at host ${hung.host}`
    }
    const loads = herd.loads.filter(({ load, host }) => host.life === load.life && host.state !== 'down')
    const owners = this.#ownership.ownersSince(herd.hash, herd.startedAt)
    // Where nobody has weight nobody owns anything: each loads for itself, and keeps nothing.
    if (owners.size === 0) return undefined
    this.counts.push(loads.length)
    const newcomers = [...this.#startedAt.values()].filter(at => at > herd.startedAt - NEW_MS)
    if (loads.length <= Math.max(1, owners.size) + newcomers.length + deaths) return undefined
    const ended = deaths > 0 ? `, and ${deaths} processes that ended` : ''
    return `${operation.key} was loaded ${loads.length} times, with ${owners.size} owners in use${ended}`
  }

  /** Callers wait so long that a load, and after a change of the owner another, can come in time. */
  get #hasTime(): boolean {
    const { herds, timeoutMs = 0 } = this.#scenario.workload ?? {}
    return herds !== undefined && timeoutMs >= 2 * herds.loadMsMax + HASTE_MS
  }

  #isJudged({ startedAt, isWritten }: Herd, now: number): boolean {
    const { weather, faults, calmAt } = this.#scenario
    if (isWritten) return false
    // Nothing is lost any more in the calm.
    if (weather.loss > 0 && startedAt < calmAt + AFTERMATH_MS) return false
    return faults.every(fault => {
      if (HARMLESS.includes(fault.kind) || DEADLY.includes(fault.kind)) return true
      return now < fault.at || startedAt > endOf(fault, calmAt) + AFTERMATH_MS
    })
  }

  /** Processes end meanwhile, or did a moment ago. */
  #isAmongDying({ startedAt }: Herd, now: number): boolean {
    const { faults, calmAt } = this.#scenario
    return faults.some(
      fault =>
        DEADLY.includes(fault.kind) && now >= fault.at && startedAt <= endOf(fault, calmAt) + AFTERMATH_MS,
    )
  }
}

/** When a trouble is over at the latest; those that have no time of their own end with the calm. */
function endOf(fault: Fault, calmAt: number): number {
  const { at } = fault
  const forMs = 'forMs' in fault ? fault.forMs : 'downMs' in fault ? fault.downMs : 0
  return Math.min(at + forMs, calmAt)
}
