import { type Configuration, isTombstone } from '@cachemesh/protocol'
import type { Ending } from '../network/links.ts'
import type { Paths } from '../network/paths.ts'
import type { Measures } from '../scenario/scenario.ts'
import type { Host } from '../world/host.ts'
import { type Checker, FINE, type Step } from './checker.ts'
import { Truth } from './truth.ts'

interface Awaited {
  readonly victim: Host
  readonly at: number
  /** Who does not hold it as removed yet. */
  readonly watchers: Set<Host>
}

/**
 * Measures how long it takes until all who are there hold a member as removed that crashed, or that is cut off
 * from them. Who ends or freezes is not waited for, and nobody is when the victim can be reached again.
 */
export class Detection implements Checker {
  readonly name = 'detection'
  /** Of each victim, ms. */
  readonly latencies: number[] = []
  readonly #hosts: readonly Host[]
  readonly #bound: Measures['detection']
  readonly #truth: Truth
  readonly #awaited = new Set<Awaited>()
  readonly #missed: string[] = []

  constructor(hosts: readonly Host[], bound: Measures['detection']) {
    this.#hosts = hosts
    this.#bound = bound
    this.#truth = new Truth(hosts)
  }

  started(host: Host, now: number): void {
    this.#truth.started(host, now)
    this.#forget(now, ({ victim }) => victim === host)
  }

  ended(host: Host, now: number, how: Ending): void {
    this.#truth.ended()
    this.#forget(now, (_, watcher) => watcher === host)
    if (how !== 'graceful') this.#await(host, this.#hosts, now)
  }

  froze(host: Host, now: number): void {
    this.#forget(now, (_, watcher) => watcher === host)
  }

  pathsChanged(paths: Paths, now: number): void {
    this.#truth.pathsChanged(paths, now)
    this.#forget(
      now,
      ({ victim }, watcher) => victim.state === 'up' && !this.#truth.partedNow(victim, watcher),
    )
    const watchers = this.#bound?.watchers?.map(index => this.#hosts[index] as Host) ?? []
    for (const victim of this.#hosts) {
      if (victim.state === 'up' && !watchers.includes(victim))
        this.#await(
          victim,
          watchers.filter(watcher => this.#truth.partedNow(victim, watcher)),
          now,
        )
    }
  }

  changed({ host, after, now }: Step): readonly string[] {
    for (const awaited of this.#awaited) {
      const { victim, at, watchers } = awaited
      if (!watchers.has(host) || knows(after, victim)) continue
      watchers.delete(host)
      if (watchers.size > 0) continue
      this.latencies.push(now - at)
      this.#awaited.delete(awaited)
    }
    return FINE
  }

  finished(now: number): readonly string[] {
    this.#forget(now, () => true)
    return this.#missed
  }

  #await(victim: Host, hosts: readonly Host[], now: number): void {
    const watchers = hosts.filter(
      host => host.state === 'up' && host.frozenSince === undefined && knows(host.core.configuration, victim),
    )
    if (watchers.length > 0) this.#awaited.add({ victim, at: now, watchers: new Set(watchers) })
  }

  #forget(now: number, gone: (awaited: Awaited, watcher: Host) => boolean): void {
    for (const awaited of this.#awaited) {
      const { victim, at, watchers } = awaited
      const waiting = [...watchers].filter(watcher => gone(awaited, watcher))
      const late = this.#bound !== undefined && now - at > this.#bound.withinMs
      for (const watcher of waiting) {
        watchers.delete(watcher)
        if (late)
          this.#missed.push(
            `host ${victim.index} is not removed at host ${watcher.index} after ${now - at} ms`,
          )
      }
      if (watchers.size === 0) this.#awaited.delete(awaited)
    }
  }
}

function knows(configuration: Configuration, { id }: Host): boolean {
  const member = configuration.member(id)
  return member !== undefined && !isTombstone(member)
}
