import { SWEEP_MS } from '@cachemesh/core'
import type { Operation } from '../workload/operation.ts'
import type { Host } from '../world/host.ts'
import { type Checker, FINE } from './checker.ts'
import type { HistoryChecker } from './history-checker.ts'

/** Timers have whole milliseconds. */
const ROUNDED_MS = 2

/**
 * Every call settles by its deadline: at the first look at it afterwards, which comes after one interval and is
 * as late as a timer of that host may be. A frozen process looks when it moves again; one that has ended never.
 */
export class InTime implements HistoryChecker, Checker {
  readonly name = 'in-time'
  readonly #hosts: readonly Host[]
  readonly #open = new Map<number, Operation>()
  readonly #movesSince = new Map<number, number>()

  constructor(hosts: readonly Host[]) {
    this.#hosts = hosts
  }

  asked(operation: Operation): void {
    this.#open.set(operation.id, operation)
  }

  settled(operation: Operation): string | undefined {
    this.#open.delete(operation.id)
    const lateMs = (operation.settledAt as number) - this.#latest(operation)
    return lateMs > 0 ? `${operation.kind} ${operation.key} settled ${lateMs} ms too late` : undefined
  }

  thaws({ index }: Host, now: number): void {
    this.#movesSince.set(index, now)
  }

  ended({ index }: Host): void {
    for (const [id, { host }] of this.#open) if (host === index) this.#open.delete(id)
  }

  finished(now: number): readonly string[] {
    const wrong: string[] = []
    for (const operation of this.#open.values()) {
      const { frozenSince } = this.#host(operation)
      if (frozenSince === undefined && now > this.#latest(operation))
        wrong.push(`${operation.kind} ${operation.key}, asked at ${operation.startedAt}, never settled`)
    }
    return wrong.length === 0 ? FINE : wrong
  }

  #latest(operation: Operation): number {
    const movesSince = this.#movesSince.get(operation.host) ?? 0
    const { lateMaxMs } = this.#host(operation).plan
    return Math.max(operation.deadline, movesSince) + SWEEP_MS + lateMaxMs + ROUNDED_MS
  }

  #host({ host }: Operation): Host {
    return this.#hosts[host] as Host
  }
}
