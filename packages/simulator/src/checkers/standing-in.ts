import { SWEEP_MS } from '@cachemesh/core'
import type { ErrorCode } from '@cachemesh/protocol'
import type { Paths } from '../network/paths.ts'
import type { HostPlan, Scenario } from '../scenario/scenario.ts'
import type { Operation } from '../workload/operation.ts'
import type { Host } from '../world/host.ts'
import { type Checker, FINE, type Step } from './checker.ts'
import type { HistoryChecker } from './history-checker.ts'

/** As long as a silent member is waited for at most: its silence, looked for at intervals. */
const PATIENCE_MS = 300 + 2 * SWEEP_MS
const UNANSWERED: readonly ErrorCode[] = ['ERR_UNAVAILABLE', 'ERR_TIMEOUT']

/**
 * A node that stands in for a key has an answer to every read of it, whoever else is gone or silent: it passes them
 * over and looks into its own memory. Judged of nodes that moved all the time and took themselves for a stand-in all
 * the time, when the call had the time to pass all others over. Not where single frames get lost, or vanish one way
 * only, nor when a cut ends meanwhile, nor while one of them is slow: whoever is heard is waited for, also when the one
 * frame that matters is gone, or comes after the deadline.
 */
export class StandingIn implements HistoryChecker, Checker {
  readonly name = 'standing-in'
  readonly #applies: boolean
  readonly #movesSince = new Map<Host, number>()
  /** When each was last seen to wait for proof that it still is a member. */
  readonly #waitedAt = new Map<Host, number>()
  readonly #views = new Map<number, string>()
  #pathsChangedAt = 0
  readonly #slow: readonly { readonly id: string; readonly from: number; readonly to: number }[]

  constructor({ weather, faults, hosts }: Scenario) {
    this.#slow = faults.flatMap(fault => {
      if (fault.kind !== 'slow') return []
      return { id: (hosts[fault.host] as HostPlan).id, from: fault.at, to: fault.at + fault.forMs }
    })
    const oneWay = faults.some(fault => 'ways' in fault && fault.ways !== 'both')
    this.#applies = weather.loss === 0 && !oneWay
  }

  thaws(host: Host, now: number): void {
    this.#movesSince.set(host, now)
  }

  stepped({ host, now }: Step): readonly string[] {
    if (host.core.replication.fence === 'waiting') this.#waitedAt.set(host, now)
    return FINE
  }

  pathsChanged(_paths: Paths, now: number): void {
    this.#pathsChangedAt = now
  }

  asked({ id, kind, key }: Operation, host: Host): void {
    if (this.#applies && kind === 'get') this.#views.set(id, members(host, key))
  }

  settled({ id, key, startedAt, deadline, result }: Operation, host: Host): string | undefined {
    const view = this.#views.get(id)
    this.#views.delete(id)
    if (view === undefined || result === undefined || !view.split(' ').includes(host.id)) return undefined
    const others = view.split(' ').length - 1
    const enoughMs = others * patienceMs(host.plan.lateMaxMs)
    if (this.#pathsChangedAt >= startedAt) return undefined
    const moved = (this.#movesSince.get(host) ?? 0) <= startedAt
    const isSlow = this.#slow.some(
      ({ id: slow, from, to }) => view.includes(slow) && from < deadline && to > startedAt,
    )
    const hadTime = deadline - this.#asksSince(startedAt, host) > enoughMs
    if (isSlow || !moved || !hadTime || members(host, key) !== view) return undefined
    if (result.kind !== 'failed' || !UNANSWERED.includes(result.code)) return undefined
    return `a read of ${key} ended with ${result.code} at a node that stands in for it: ${result.message}`
  }

  /**
   * When it began to ask others. A node that waits for proof leaves the time that they may take: by timers that are in time,
   * for it knows nothing of how late its own will be.
   */
  #asksSince(startedAt: number, host: Host): number {
    const { lateMaxMs } = host.plan
    if (lateMaxMs === 0) return startedAt
    return Math.max(startedAt, (this.#waitedAt.get(host) ?? 0) + SWEEP_MS + lateMaxMs)
  }
}

/** Of an interval that ends late a node counts two at most: it may have been busy instead of listening. */
function patienceMs(lateMaxMs: number): number {
  return PATIENCE_MS * Math.max(1, (SWEEP_MS + lateMaxMs) / (2 * SWEEP_MS)) + 2 * lateMaxMs
}

function members(host: Host, key: string): string {
  return host.core.placement.locate(key).members.join(' ')
}
