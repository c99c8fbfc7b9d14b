import type { Charge } from '@cachemesh/protocol'
import type { Rules } from '../limits/limits.ts'
import type { Accusations } from './accusations.ts'
import type { Observers } from './observers.ts'

/** Enough accusations allow a removal for so long after the last of them came, awake ms. */
const CONVICTED_MS = 10_000

/** How the observers of a member stand to its claim. */
export interface Count {
  /** So many accuse it that it is removed unless it answers. */
  readonly enough: boolean
  /** Observers that accuse it, in an order that all nodes share. */
  readonly accusers: readonly string[]
  /** Observers that do not accuse it. */
  readonly others: readonly string[]
  /** Accusers, and those who tried for them and failed. */
  readonly witnesses: number
}

/** Counts accusations. Only observers count, and each of them once: no single node can remove anybody. */
export class Jury {
  readonly #rules: Pick<Rules, 'accusersShare' | 'accusersMin'>
  readonly #observers: Observers
  readonly #accusations: Accusations

  constructor(
    rules: Pick<Rules, 'accusersShare' | 'accusersMin'>,
    observers: Observers,
    accusations: Accusations,
  ) {
    this.#rules = rules
    this.#observers = observers
    this.#accusations = accusations
  }

  count(member: string, since: number): Count {
    const charges = this.#accusations.against(member)
    const observers = this.#observers.of(member)
    const accusers = observers.filter(observer => charges.get(observer)?.since === since).sort()
    const witnesses = new Set(accusers)
    for (const charge of charges.values())
      if (charge.since === since) for (const witness of charge.witnesses) witnesses.add(witness)
    witnesses.delete(member)
    return {
      enough: accusers.length >= this.#needed,
      accusers,
      others: observers.filter(observer => charges.get(observer)?.since !== since),
      witnesses: witnesses.size,
    }
  }

  /** Somebody made these charges: whom enough observers accuse is remembered, whoever removes it. */
  heard(charges: readonly Charge[], awake: number): void {
    for (const { member, since, hearsay } of charges) if (!hearsay) this.#convict(member, since, awake)
  }

  #convict(member: string, since: number, awake: number): void {
    const charges = this.#accusations.against(member)
    if (charges.size < this.#needed) return
    let accusers = 0
    for (const observer of this.#observers.of(member)) if (charges.get(observer)?.since === since) accusers++
    if (accusers >= this.#needed) this.#accusations.convict(member, since, awake + CONVICTED_MS)
  }

  get #needed(): number {
    const { accusersShare, accusersMin } = this.#rules
    return Math.max(accusersMin, Math.floor(this.#observers.each * accusersShare) + 1)
  }
}
