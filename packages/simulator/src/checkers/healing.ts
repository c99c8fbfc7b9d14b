import { type Configuration, isTombstone } from '@cachemesh/protocol'
import type { Paths } from '../network/paths.ts'
import type { Measures } from '../scenario/scenario.ts'
import type { Host } from '../world/host.ts'
import { type Checker, FINE, type Step } from './checker.ts'
import { Truth } from './truth.ts'

/**
 * Measures how two sides of a cut become one: the time from its end until all hold one text, and the smallest
 * part of its own side that any node had on its ring from the beginning of the cut until then.
 */
export class Healing implements Checker {
  readonly name = 'healing'
  /** From the end of a cut, ms. */
  readonly latencies: number[] = []
  /** 1: nobody was ever without a member of its own side. */
  smallestRing = 1
  readonly #hosts: readonly Host[]
  readonly #bound: NonNullable<Measures['heal']>
  readonly #truth: Truth
  /** By host who is on its side; empty when nothing is cut. */
  readonly #sides = new Map<Host, readonly Host[]>()
  #healedAt: number | undefined

  constructor(hosts: readonly Host[], bound: NonNullable<Measures['heal']>) {
    this.#hosts = hosts
    this.#bound = bound
    this.#truth = new Truth(hosts)
  }

  pathsChanged(paths: Paths, now: number): void {
    this.#truth.pathsChanged(paths, now)
    if (paths.cuts.length === 0) {
      if (this.#sides.size > 0) this.#healedAt ??= now
      return
    }
    this.#healedAt = undefined
    const up = this.#hosts.filter(({ state }) => state === 'up')
    for (const host of up)
      this.#sides.set(
        host,
        up.filter(other => !this.#truth.partedNow(host, other)),
      )
  }

  changed({ host, after, now }: Step): readonly string[] {
    const side = this.#sides.get(host)
    if (side === undefined) return FINE
    const present = side.filter(({ id }) => lives(after, id)).length
    this.smallestRing = Math.min(this.smallestRing, present / side.length)
    if (this.#healedAt !== undefined && this.#agreed()) this.#over(now - this.#healedAt)
    if (present === side.length) return FINE
    return [`its ring has ${present} of the ${side.length} hosts on its own side of the cut`]
  }

  finished(now: number): readonly string[] {
    if (this.#healedAt !== undefined && this.#agreed()) this.#over(0)
    const slowest = Math.max(0, ...this.latencies)
    if (this.#healedAt !== undefined) return [`healed, and not one after ${now - this.#healedAt} ms`]
    if (slowest <= this.#bound.withinMs) return FINE
    return [`one only ${slowest.toFixed(0)} ms after the cut was healed`]
  }

  #over(forMs: number): void {
    this.latencies.push(forMs)
    this.#healedAt = undefined
    this.#sides.clear()
  }

  /** One text everywhere, in which everybody who lives does. */
  #agreed(): boolean {
    const up = this.#hosts.filter(({ state }) => state === 'up')
    const configuration = up[0]?.core.configuration
    if (configuration === undefined) return true
    const { digest } = configuration.version
    return (
      up.every(({ core }) => core.configuration.version.digest === digest) &&
      up.every(({ id }) => lives(configuration, id))
    )
  }
}

function lives(configuration: Configuration, id: string): boolean {
  const member = configuration.member(id)
  return member !== undefined && !isTombstone(member)
}
