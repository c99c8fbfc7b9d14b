import { Placement, type Rings } from '@cachemesh/core'
import type { Configuration } from '@cachemesh/protocol'
import type { Operation } from '../workload/operation.ts'
import type { Host } from '../world/host.ts'
import { type Checker, FINE, type Step } from './checker.ts'
import type { HistoryChecker } from './history-checker.ts'

/** Rings that are kept: as many as there are views at one time, and those of a little before. */
const RINGS_MAX = 50

/** All configurations that give one ring. */
interface View {
  readonly name: string
  readonly configuration: Configuration
  /** Those of the first node that had this view. */
  readonly rings: Rings
  /** By hash, as far as it was asked for. */
  readonly owners: Map<number, string | undefined>
}

/** One host had this view from then till then. */
interface Span {
  readonly host: Host
  readonly life: number
  readonly view: View
  readonly from: number
  to: number
}

/** Who took himself for the owner of a key, and when. */
export class Ownership implements Checker, HistoryChecker {
  readonly name = 'ownership'
  readonly #current = new Map<Host, Span>()
  /** In the order of their ends. */
  readonly #past: Span[] = []
  readonly #views = new Map<string, View>()
  readonly #keys = new Map<number, string>()
  readonly #viewOf = new WeakMap<Configuration, View>()
  readonly #rings = new Map<View, Placement>()

  started(host: Host, now: number): void {
    this.#begin(host, this.#view(host, host.core.configuration), now)
  }

  stepped({ host, now, before, after }: Step): readonly string[] {
    if (before === after || before.version.digest === after.version.digest) return FINE
    const view = this.#view(host, after)
    // Most changes of a configuration move nobody on the ring.
    if (view === this.#current.get(host)?.view) return FINE
    this.#end(host, now)
    this.#begin(host, view, now)
    return FINE
  }

  ended(host: Host, now: number): void {
    this.#end(host, now)
  }

  /**
   * The only host that took itself for the owner of a key at any time since then, provided that it did so all
   * the time and in one life; undefined: there is no such host.
   */
  soleOwner(hash: number, since: number): Host | undefined {
    let sole: Span | undefined
    const spans = this.#since(since)
    for (const span of spans) {
      if (!this.#claims(span, hash)) continue
      if (sole !== undefined && (sole.host !== span.host || sole.life !== span.life)) return undefined
      if (sole === undefined || span.from < sole.from) sole = span
    }
    if (sole === undefined || sole.from > since) return undefined
    const { host } = sole
    return spans.every(span => span.host !== host || this.#claims(span, hash)) ? host : undefined
  }

  /** Everybody whom any node that ran since then took for the owner of a key. */
  ownersSince(hash: number, since: number): ReadonlySet<string> {
    const owners = this.#since(since).map(({ view }) => this.#owner(view, hash))
    return new Set(owners.filter(owner => owner !== undefined))
  }

  #since(since: number): Span[] {
    const spans = [...this.#current.values()]
    for (let place = this.#past.length - 1; place >= 0; place--) {
      const span = this.#past[place] as Span
      if (span.to < since) break
      spans.push(span)
    }
    return spans
  }

  #claims({ host, view }: Span, hash: number): boolean {
    return this.#owner(view, hash) === host.id
  }

  /** Where a key lies may hang on what it begins with: a hash stands for the key that was asked for. */
  asked({ hash, key }: Pick<Operation, 'hash' | 'key'>): void {
    this.#keys.set(hash, key)
  }

  #owner(view: View, hash: number): string | undefined {
    const { owners } = view
    if (!owners.has(hash)) owners.set(hash, this.#ring(view).owner(hash, this.#keys.get(hash)))
    return owners.get(hash)
  }

  #view({ core }: Host, configuration: Configuration): View {
    const known = this.#viewOf.get(configuration)
    if (known !== undefined) return known
    const parts: string[] = []
    for (const { id, state, weight } of configuration.members)
      if (state === 'active') parts.push(`${id} ${weight}`)
    for (const { name, json } of configuration.registers)
      if (name.startsWith('placements/') || json.includes('"partition"')) parts.push(`${name} ${json}`)
    const name = parts.join('\n')
    const { rings } = core.placement
    const view = this.#views.get(name) ?? { name, configuration, rings, owners: new Map() }
    this.#views.set(name, view)
    this.#viewOf.set(configuration, view)
    return view
  }

  #ring(view: View): Placement {
    let ring = this.#rings.get(view)
    if (ring === undefined) {
      ring = new Placement('', view.rings)
      ring.update(view.configuration)
      const [oldest] = this.#rings.keys()
      if (this.#rings.size >= RINGS_MAX && oldest !== undefined) this.#rings.delete(oldest)
      this.#rings.set(view, ring)
    }
    return ring
  }

  #begin(host: Host, view: View, now: number): void {
    const span = { host, life: host.life, view, from: now, to: Number.POSITIVE_INFINITY }
    this.#current.set(host, span)
  }

  #end(host: Host, now: number): void {
    const span = this.#current.get(host)
    if (span === undefined) return
    span.to = now
    this.#current.delete(host)
    this.#past.push(span)
  }
}
