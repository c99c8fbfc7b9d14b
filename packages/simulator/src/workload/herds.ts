import { hashKey } from '@cachemesh/protocol'
import { Dice } from '../chance/dice.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { SETTLE_MS, STARTS_AT } from '../scenario/times.ts'
import type { EventQueue } from '../time/event-queue.ts'
import type { Host } from '../world/host.ts'
import type { HerdPlan } from './herd-plan.ts'
import type { Operation } from './operation.ts'

/** When all processes of a run have started, if nothing delays them. */
const FIRST_AFTER_MS = 10_000
/** The last one comes when all is settled and read. */
const LAST_AFTER_MS = SETTLE_MS + 3_000
const VALUE_BYTES = 60

export interface HerdsParts {
  readonly plan: HerdPlan
  readonly timeoutMs: number
  readonly scenario: Pick<Scenario, 'seed' | 'calmAt'>
  readonly hosts: readonly Host[]
  readonly queue: EventQueue
  nextId(): number
  ask(operation: Operation): void
}

/** The programs of herds: when they ask for what. Every herd has a key of its own, which nobody has ever written. */
export class Herds {
  readonly #parts: HerdsParts
  readonly #dice: Dice

  constructor(parts: HerdsParts) {
    this.#parts = parts
    this.#dice = new Dice(parts.scenario.seed, 'herds')
    const { plan, queue, scenario } = parts
    const first = Math.min(STARTS_AT + FIRST_AFTER_MS, scenario.calmAt)
    for (let herd = 0; herd < plan.herds; herd++) {
      const at = this.#dice.between(first, scenario.calmAt)
      const isWritten = this.#dice.chance(plan.written)
      queue.at(at, () => this.#come(`herd ${herd}`, isWritten))
    }
    queue.at(scenario.calmAt + LAST_AFTER_MS, () => this.#come('herd in the calm', false))
  }

  #come(key: string, isWritten: boolean): void {
    const { hosts, plan } = this.#parts
    const living = hosts.filter(isReady)
    if (living.length === 0) return
    for (let caller = 0; caller < plan.callers; caller++) {
      const host = living[caller % living.length] as Host
      this.#later(host, plan.withinMs, { kind: 'load', key })
    }
    if (!isWritten) return
    for (const kind of ['set', 'delete', 'set'] as const) {
      this.#later(this.#dice.pick(living), plan.withinMs + plan.loadMsMax, { kind, key })
    }
  }

  #later(host: Host, withinMs: number, what: Pick<Operation, 'kind' | 'key'>): void {
    const { queue } = this.#parts
    const { life } = host
    queue.after(this.#dice.between(0, withinMs), () => {
      if (host.life === life && isReady(host)) host.arrive(() => this.#ask(host, what))
    })
  }

  #ask(host: Host, { kind, key }: Pick<Operation, 'kind' | 'key'>): void {
    const { queue, timeoutMs, nextId, ask } = this.#parts
    const { now: startedAt } = queue
    ask({
      id: nextId(),
      kind,
      key,
      hash: hashKey(key),
      host: host.index,
      life: host.life,
      startedAt,
      deadline: startedAt + timeoutMs,
      sizeBytes: kind === 'delete' ? 0 : VALUE_BYTES,
      attempt: 0,
      settledAt: undefined,
      result: undefined,
    })
  }
}

/** A program begins when its node has found the mesh. */
function isReady(host: Host): boolean {
  return host.state === 'up' && host.core.joined && host.core.state !== 'joining'
}
