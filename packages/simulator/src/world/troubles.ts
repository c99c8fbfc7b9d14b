import { Dice } from '../chance/dice.ts'
import type { Fault, Scenario } from '../scenario/scenario.ts'
import type { Host } from './host.ts'
import type { World } from './world.ts'

/** A node that has left lives on for up to this time, to send what it has to say. */
const LINGER_MS = 1_000
/** More than twice what a simulated cache holds. */
const FILLING = { entries: 40, bytes: 64 * 1024 }

/** Carries out a scenario: who starts when, and what goes wrong. */
export class Troubles {
  readonly #world: World
  readonly #calmAt: number
  readonly #dice: Dice

  constructor(world: World, scenario: Scenario) {
    this.#world = world
    this.#calmAt = scenario.calmAt
    this.#dice = new Dice(scenario.seed, 'troubles')
    for (const host of world.hosts) world.queue.at(host.plan.startsAt, () => this.#start(host, 0))
    for (const fault of scenario.faults) world.queue.at(fault.at, () => this.#strike(fault))
    world.queue.at(scenario.calmAt, () => world.calm())
  }

  #strike(fault: Fault): void {
    const { hosts, links } = this.#world
    switch (fault.kind) {
      case 'crash':
        this.#crash(hosts[fault.host] as Host, fault)
        break
      case 'leave':
        this.#leave(hosts[fault.host] as Host, fault)
        break
      case 'break':
        links.break(...fault.hosts)
        break
      case 'cut': {
        const heal = this.#world.cut(new Set(fault.hosts))
        this.#later(fault.forMs, heal)
        break
      }
      case 'gateway': {
        const host = hosts[fault.host] as Host
        if (host.state === 'up') this.#world.openGateway(host, fault.port)
        break
      }
      case 'fill-cache':
        this.#fillCache(hosts[fault.host] as Host)
        break
    }
  }

  #crash(host: Host, fault: Fault & { kind: 'crash' }): void {
    if (host.state === 'down') return
    this.#world.stop(host, false)
    if (!fault.memory) host.disk = undefined
    const { life } = host
    this.#later(fault.downMs, () => {
      if (fault.movesTo !== undefined && host.life === life) this.#world.move(host, fault.movesTo)
      this.#start(host, life)
    })
  }

  #leave(host: Host, fault: Fault & { kind: 'leave' }): void {
    if (host.state !== 'up') return
    this.#world.leave(host)
    const { life } = host
    this.#later(this.#dice.between(0, LINGER_MS), () => {
      if (host.life !== life || host.state !== 'leaving') return
      this.#world.stop(host, true)
      if (!fault.memory) host.disk = undefined
    })
    this.#later(LINGER_MS + fault.downMs, () => this.#start(host, life))
  }

  /** Starts the process after that life, unless something else has. */
  #start(host: Host, afterLife: number): void {
    if (host.life === afterLife && host.state === 'down') this.#world.start(host)
  }

  /** What is to be over is over when faults end. */
  #later(afterMs: number, happen: () => void): void {
    if (afterMs === Number.POSITIVE_INFINITY) return
    const { queue } = this.#world
    queue.at(Math.max(queue.now, Math.min(queue.now + afterMs, this.#calmAt)), happen)
  }

  #fillCache(host: Host): void {
    if (host.state === 'down') return
    const { store } = host.core
    const at = host.instant(this.#world.queue.now)
    for (let i = 0; i < FILLING.entries; i++) {
      const key = `filling ${i}`
      const entry = {
        value: new Uint8Array(FILLING.bytes),
        contentType: '',
        expiresAt: Number.POSITIVE_INFINITY,
      }
      const { version } = store.write(key, entry, at)
      store.copies.put(key, { ...entry, version })
    }
    if (this.#dice.chance(0.5)) store.flush()
  }
}
