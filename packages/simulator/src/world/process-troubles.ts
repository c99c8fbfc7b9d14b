import { TIMES } from '@cachemesh/core'
import type { Dice } from '../chance/dice.ts'
import type { ProcessFault } from '../scenario/scenario.ts'
import type { Host } from './host.ts'
import type { World } from './world.ts'

/** A node that has left lives on for up to this time, to send what it has to say. */
const LINGER_MS = 1_000
/** One that waits looks so often whether the others have what it held. */
const HAND_OVER_POLL_MS = 20
const NEVER = Number.POSITIVE_INFINITY

interface Timing {
  readonly calmAt: number
  readonly dice: Dice
  /** Something happens after a time, and when faults end at the latest. */
  readonly later: (afterMs: number, happen: () => void) => void
}

/** What befalls processes: they end, start again, and stand still. */
export class ProcessTroubles {
  readonly #world: World
  readonly #timing: Timing
  /** Nobody is left whom newcomers know: who remembers nothing cannot find the mesh any more. */
  #seedsGone = false

  constructor(world: World, timing: Timing) {
    this.#world = world
    this.#timing = timing
  }

  strike(fault: ProcessFault): void {
    switch (fault.kind) {
      case 'crash':
      case 'power-loss':
        this.#crash(this.#host(fault.host), fault)
        break
      case 'leave':
        this.#leave(this.#host(fault.host), fault)
        break
      case 'restart-all':
        this.#restartAll(fault)
        break
      case 'seeds-gone':
        this.#endSeeds(fault.hosts)
        break
      case 'freeze':
        this.#freeze(this.#host(fault.host), fault.forMs)
        break
      case 'starve':
        this.#starve(fault, this.#world.queue.now + fault.forMs)
        break
    }
  }

  /** Starts the process after that life, unless something else has. */
  start(host: Host, afterLife: number): void {
    if (host.life !== afterLife || host.state !== 'down') return
    if (this.#seedsGone && host.disk === undefined) return
    this.#world.start(host)
  }

  /** Every process moves from now on. */
  calm(): void {
    for (const host of this.#world.hosts) if (host.frozenSince !== undefined) this.#world.thaw(host)
  }

  #crash(host: Host, fault: ProcessFault & { kind: 'crash' | 'power-loss' }): void {
    if (host.state === 'down') return
    this.#world.stop(host, fault.kind)
    if (!fault.memory) host.forget()
    const { life } = host
    this.#timing.later(fault.downMs, () => {
      if (fault.movesTo !== undefined && host.life === life) this.#world.move(host, fault.movesTo)
      this.start(host, life)
    })
  }

  #leave(host: Host, fault: ProcessFault & { kind: 'leave' }): void {
    if (host.state !== 'up' || host.frozenSince !== undefined) return
    this.#world.leave(host)
    const { life } = host
    const { dice, later } = this.#timing
    const givesUpAt = this.#world.queue.now + TIMES.handOverMs
    const end = (): void => {
      if (host.life !== life || host.state !== 'leaving') return
      const waits = fault.handsOver === true && host.core.replication.handingOver
      if (waits && this.#world.queue.now < givesUpAt) {
        later(HAND_OVER_POLL_MS, end)
        return
      }
      this.#world.stop(host, 'graceful')
      if (!fault.memory) host.forget()
      if (fault.handsOver === true) later(fault.downMs, () => this.start(host, life))
    }
    later(dice.between(0, LINGER_MS), end)
    if (fault.handsOver !== true) later(LINGER_MS + fault.downMs, () => this.start(host, life))
  }

  /** It does not happen while some know nobody but the seeds: they could never find the others. */
  #endSeeds(seeds: readonly number[]): void {
    const others = this.#world.hosts.filter(({ index }) => !seeds.includes(index))
    if (!connected(others)) return
    this.#seedsGone = true
    for (const host of seeds)
      this.#crash(this.#host(host), { kind: 'crash', host, downMs: NEVER, memory: false })
  }

  #restartAll({ withinMs, downMs }: ProcessFault & { kind: 'restart-all' }): void {
    const { dice, later } = this.#timing
    for (const { index: host } of this.#world.hosts)
      later(dice.between(0, withinMs), () =>
        this.#crash(this.#host(host), { kind: 'crash', host, downMs, memory: true }),
      )
  }

  #freeze(host: Host, forMs: number): void {
    if (host.state === 'down' || host.frozenSince !== undefined) return
    this.#world.freeze(host)
    const { life, frozenSince } = host
    this.#timing.later(forMs, () => {
      if (host.life === life && host.frozenSince === frozenSince) this.#world.thaw(host)
    })
  }

  #starve(fault: ProcessFault & { kind: 'starve' }, endsAt: number): void {
    const { host, pauseMs, betweenMs } = fault
    if (this.#world.queue.now >= Math.min(endsAt, this.#timing.calmAt)) return
    this.#freeze(this.#host(host), pauseMs)
    const { dice, later } = this.#timing
    later(pauseMs + dice.between(betweenMs / 2, betweenMs), () => {
      if (this.#host(host).frozenSince === undefined) this.#starve(fault, endsAt)
    })
  }

  #host(index: number): Host {
    return this.#world.hosts[index] as Host
  }
}

/** Each finds every other by whom it knows, and whom those know. */
function connected(hosts: readonly Host[]): boolean {
  const [first, ...others] = hosts
  let missing = others
  for (let border = first === undefined ? [] : [first]; border.length > 0; ) {
    const met = missing.filter(host => border.some(other => acquainted(host, other)))
    missing = missing.filter(host => !met.includes(host))
    border = met
  }
  return missing.length === 0
}

function acquainted(a: Host, b: Host): boolean {
  return a.acquaintances.has(b.id) || b.acquaintances.has(a.id)
}
