import { entryOf } from '@cachemesh/core'
import { Dice } from '../chance/dice.ts'
import { around, between } from '../network/paths.ts'
import type { Fault, NetworkFault, Scenario } from '../scenario/scenario.ts'
import type { Host } from './host.ts'
import { ProcessTroubles } from './process-troubles.ts'
import type { World } from './world.ts'

/** More than a simulated cache holds. */
const FILLING = { entries: 24, value: new Uint8Array(64 * 1024) }

/** Carries out a scenario: who starts when, and what goes wrong. */
export class Troubles {
  readonly #world: World
  readonly #calmAt: number
  readonly #dice: Dice
  readonly #processes: ProcessTroubles

  constructor(world: World, scenario: Scenario) {
    this.#world = world
    this.#calmAt = scenario.calmAt
    this.#dice = new Dice(scenario.seed, 'troubles')
    const later = (afterMs: number, happen: () => void): void => this.#later(afterMs, happen)
    this.#processes = new ProcessTroubles(world, { dice: this.#dice, later, calmAt: scenario.calmAt })
    for (const host of world.hosts) world.queue.at(host.plan.startsAt, () => this.#processes.start(host, 0))
    for (const fault of scenario.faults) world.queue.at(fault.at, () => this.#strike(fault))
    world.queue.at(scenario.calmAt, () => this.#calm())
  }

  #strike(fault: Fault): void {
    switch (fault.kind) {
      case 'clock':
        this.#host(fault.host).clockSkewMs += fault.byMs
        break
      case 'gateway': {
        const host = this.#host(fault.host)
        if (host.state === 'up' && host.frozenSince === undefined) this.#world.openGateway(host, fault.port)
        break
      }
      case 'setting': {
        const host = this.#host(fault.host)
        if (host.state === 'up' && host.frozenSince === undefined) this.#world.set(host, fault)
        break
      }
      case 'change': {
        const host = this.#host(fault.host)
        if (host.state === 'up' && host.frozenSince === undefined) this.#world.change(host, fault.change)
        break
      }
      case 'fill-cache':
        this.#fillCache(this.#host(fault.host))
        break
      case 'break':
      case 'cut':
      case 'silent-cut':
      case 'part':
      case 'flap':
      case 'swizzle':
      case 'slow':
        this.#disturb(fault)
        break
      default:
        this.#processes.strike(fault)
    }
  }

  #disturb(fault: NetworkFault): void {
    switch (fault.kind) {
      case 'break':
        this.#world.links.break(...fault.hosts)
        break
      case 'cut':
        this.#cutOff(new Set(fault.hosts), fault.forMs)
        break
      case 'silent-cut':
        this.#later(fault.forMs, this.#world.cut(around(new Set(fault.hosts), fault.ways)))
        break
      case 'part':
        this.#later(fault.forMs, this.#world.cut(between(...fault.hosts, fault.ways)))
        break
      case 'flap':
        this.#flap(fault, this.#world.queue.now + fault.forMs)
        break
      case 'swizzle':
        this.#swizzle(fault.pairs, fault.forMs)
        break
      case 'slow':
        this.#slow(this.#host(fault.host), fault.delayMs, fault.forMs)
        break
    }
  }

  #cutOff(hosts: ReadonlySet<number>, forMs: number): void {
    const { links, hosts: all } = this.#world
    for (const inside of hosts) {
      for (const { index } of all) if (!hosts.has(index)) links.break(inside, index)
    }
    this.#later(forMs, this.#world.cut(around(hosts, 'both')))
  }

  #flap(fault: NetworkFault & { kind: 'flap' }, endsAt: number): void {
    const { hosts, periodMs } = fault
    const { queue } = this.#world
    if (queue.now >= Math.min(endsAt, this.#calmAt)) return
    const heal = this.#world.cut(between(...hosts, 'both'))
    this.#later(periodMs, () => {
      heal()
      this.#later(periodMs, () => this.#flap(fault, endsAt))
    })
  }

  /** Each pair is parted somewhere in the first half of the time, and comes together somewhere in the second. */
  #swizzle(count: number, forMs: number): void {
    const dice = this.#dice
    const indices = this.#world.hosts.map(({ index }) => index)
    for (let pair = 0; pair < count; pair++) {
      const [a, b] = dice.sample(indices, 2)
      if (a === undefined || b === undefined) return
      const healsAfterMs = dice.between(forMs / 2, forMs)
      const partsAfterMs = dice.between(0, forMs / 2)
      this.#later(partsAfterMs, () => {
        if (this.#world.queue.now >= this.#calmAt) return
        this.#later(healsAfterMs - partsAfterMs, this.#world.cut(between(a, b, 'both')))
      })
    }
  }

  #slow(host: Host, delayMs: number, forMs: number): void {
    host.slowMs = delayMs
    this.#later(forMs, () => {
      host.slowMs = 0
    })
  }

  #fillCache(host: Host): void {
    if (host.state === 'down' || host.frozenSince !== undefined) return
    const { store } = host.core
    const at = host.instant(this.#world.queue.now)
    for (let i = 0; i < FILLING.entries; i++) {
      const key = `filling ${i}`
      const entry = { value: FILLING.value, contentType: '', expiresAt: Number.POSITIVE_INFINITY }
      const { version } = store.write(key, entry, at)
      store.copies.put(key, entryOf(entry, version))
    }
    if (this.#dice.chance(0.5)) store.flush()
  }

  #calm(): void {
    this.#processes.calm()
    this.#world.calm()
  }

  /** What is to be over is over when faults end. */
  #later(afterMs: number, happen: () => void): void {
    if (afterMs === Number.POSITIVE_INFINITY) return
    const { queue } = this.#world
    queue.at(Math.max(queue.now, Math.min(queue.now + afterMs, this.#calmAt)), happen)
  }

  #host(index: number): Host {
    return this.#world.hosts[index] as Host
  }
}
