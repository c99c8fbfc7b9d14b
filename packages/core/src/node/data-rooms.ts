import type { Configuration, Stamp } from '@cachemesh/protocol'
import { Balance, type BalanceParts } from '../balance/balance.ts'
import { Random } from '../chance/random.ts'
import { SettingsReader } from '../configuration/settings.ts'
import { Copying } from '../copies/copying.ts'
import { Flights } from '../flight/flights.ts'
import type { Instant } from '../limits/instant.ts'
import { RULES, type Rules } from '../limits/limits.ts'
import { Load } from '../load/load.ts'
import { Placement } from '../placement/placement.ts'
import { Pressure } from '../requests/pressure.ts'
import { Store } from '../store/store.ts'
import type { NodeCoreOptions } from './options.ts'

/** What the rooms of the data path need of the rest of the node. */
export interface Rest {
  readonly random: Random
  readonly configuration: () => Configuration
  /** Most of those who watch this node have heard it a moment ago. */
  readonly isWatched: (now: number) => boolean
}

/**
 * The rooms that requests for keys call directly. They have no timers of their own, and give no outputs: `NodeCore`,
 * which is made of them, keeps them up to date.
 */
export abstract class DataRooms {
  readonly id: string
  /** What every frame of this node says about it. One object for its whole life. */
  readonly stamp: Stamp = { serial: 0, digestPrefix: 0, clock: 0 }
  readonly store: Store
  readonly placement: Placement
  /** What the configuration asks of all nodes. */
  readonly settings: SettingsReader
  readonly flights: Flights
  /** Copies of what others own, and grants of copies of what this node owns. */
  readonly copying: Copying
  /** What this node is asked for. */
  readonly load: Load
  readonly isWatched: (now: number) => boolean
  readonly rules: Rules
  /** Ids of requests begin behind this number, another one in each process. */
  readonly requestsAfter: number
  /** Whether this node has more to do than it gets done. */
  readonly pressure: Pressure
  #wantedAt = Number.POSITIVE_INFINITY

  protected constructor(options: NodeCoreOptions, { random, configuration, isWatched }: Rest, at: Instant) {
    this.id = options.id
    this.isWatched = isWatched
    this.rules = { ...RULES, ...options.rules }
    this.pressure = new Pressure(this.rules.lateMs)
    // Not the dice of the others: what they show others see.
    const dice = new Random(options.randomSeed + 1)
    const seed = dice.below(2 ** 32)
    this.requestsAfter = dice.below(2 ** 32)
    this.store = new Store(options.cacheBytes, { seed, ...options.eviction })
    this.store.clock.showIn(this.stamp)
    this.placement = new Placement(options.id, options.rings)
    this.settings = new SettingsReader(configuration)
    this.flights = new Flights({ store: this.store, placement: this.placement, random })
    this.load = new Load(seed, at.now)
    const { store, placement, load, settings } = this
    this.copying = new Copying({ self: options.id, store, placement, load, settings, at, isWatched })
  }

  /** What evens the load out between these rooms and those of others. */
  protected balancing(parts: Pick<BalanceParts, 'random' | 'neighbours' | 'operations' | 'now'>): Balance {
    const { id: self, load, placement, settings } = this
    return new Balance({ self, load, placement, settings, ...parts })
  }

  /** What `wakeAt` was at the end of the last step. */
  get wantedAt(): number {
    return this.#wantedAt
  }

  /** After each step: when the next one is wanted. */
  protected wants(wakeAt: number): void {
    this.#wantedAt = wakeAt
  }

  /** Before each step. True when the node's time is not to be trusted. */
  protected roomsStepped(at: Instant): boolean {
    this.pressure.stepped(at.now, this.#wantedAt)
    return this.copying.stepped(at)
  }
}
