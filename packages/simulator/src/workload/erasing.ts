import { tagSlot } from '@cachemesh/protocol'
import { Dice } from '../chance/dice.ts'
import type { Scenario } from '../scenario/scenario.ts'
import type { EventQueue } from '../time/event-queue.ts'
import type { Host } from '../world/host.ts'
import { TAGGED } from './atomics.ts'

export interface ErasingParts {
  readonly everyMs: number
  readonly scenario: Pick<Scenario, 'seed' | 'calmAt'>
  readonly hosts: readonly Host[]
  readonly queue: EventQueue
  /** Slots of tags; undefined: all of the namespace. */
  erase(host: Host, slots: readonly number[] | undefined): void
}

/** Now and then, while there are faults, somebody erases a tag, or all that has tags. */
export class ErasingPrograms {
  readonly #parts: ErasingParts
  readonly #dice: Dice

  constructor(parts: ErasingParts) {
    this.#parts = parts
    this.#dice = new Dice(parts.scenario.seed, 'erasing')
    this.#wait()
  }

  #wait(): void {
    const { queue, scenario, everyMs } = this.#parts
    const at = queue.now + this.#dice.between(0, 2 * everyMs)
    if (at >= scenario.calmAt) return
    queue.at(at, () => {
      const { hosts, erase } = this.#parts
      const host = this.#dice.pick(hosts)
      const slots = this.#dice.chance(0.4) ? undefined : [tagSlot(TAGGED, this.#dice.pick(['a', 'b', 'c']))]
      if (host.state === 'up') host.arrive(() => erase(host, slots))
      this.#wait()
    })
  }
}
