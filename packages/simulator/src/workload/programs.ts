import { hashKey } from '@cachemesh/protocol'
import { Dice } from '../chance/dice.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { SETTLE_MS } from '../scenario/times.ts'
import type { EventQueue } from '../time/event-queue.ts'
import type { Host } from '../world/host.ts'
import { ATTEMPTS_MAX, isAnswered, type Operation } from './operation.ts'
import type { WorkloadPlan } from './plan.ts'

/** From a read at the end that was not answered to its next attempt, ms. */
const AGAIN_MS = 2_000
/** Of reads at the end. */
const FINAL_TIMEOUT_MS = 2_000

export interface ProgramsParts {
  readonly plan: WorkloadPlan
  readonly scenario: Pick<Scenario, 'seed' | 'calmAt'>
  readonly hosts: readonly Host[]
  readonly queue: EventQueue
  ask(operation: Operation): void
}

/** The programs on all hosts: when they call what. They know nothing of the mesh. */
export class Programs {
  readonly #parts: ProgramsParts
  readonly #dice: Dice
  readonly #endsAt: number
  #lastId = 0

  constructor(parts: ProgramsParts) {
    this.#parts = parts
    this.#dice = new Dice(parts.scenario.seed, 'programs')
    this.#endsAt = parts.scenario.calmAt + SETTLE_MS
    parts.queue.at(this.#endsAt, () => this.#readAll())
  }

  nextId(): number {
    return ++this.#lastId
  }

  /** A process begins: its program calls from now on, until it ends. */
  started(host: Host): void {
    this.#wait(host, host.life)
  }

  #wait(host: Host, life: number): void {
    const { queue, plan } = this.#parts
    const at = queue.now + this.#dice.between(0, 2 * plan.everyMs)
    if (at >= this.#endsAt) return
    queue.at(at, () => {
      if (host.life !== life || host.state !== 'up') return
      const operation = this.#drawn(host)
      host.arrive(() => this.#ask(host, operation))
      this.#wait(host, life)
    })
  }

  #drawn(host: Host): Operation {
    const { plan } = this.#parts
    const dice = this.#dice
    const what = dice.between(0, 1)
    const kind = what < plan.writes ? 'set' : what < plan.writes + plan.deletes ? 'delete' : 'get'
    // Small values are usual, and some keys much asked for.
    const sizeBytes = kind === 'set' ? Math.floor(dice.magnitude(1, plan.valueBytesMax)) : 0
    const key = Math.floor(plan.keys * dice.between(0, 1) ** 2)
    return this.#operation(host, { kind, key, sizeBytes })
  }

  /** The mesh has settled long since: every node has an answer for every key. */
  #readAll(): void {
    for (const host of this.#parts.hosts) {
      if (host.state !== 'up') continue
      for (let key = 0; key < this.#parts.plan.keys; key++) {
        this.#ask(host, this.#operation(host, { kind: 'get', key, sizeBytes: 0, attempt: 1 }))
      }
    }
  }

  /** A read may have had to wait for a link for longer than it could: there is one now. */
  settled(operation: Operation, host: Host): void {
    const { attempt } = operation
    if (attempt === 0 || attempt === ATTEMPTS_MAX || isAnswered(operation.result)) return
    const { life } = host
    this.#parts.queue.after(AGAIN_MS, () => {
      if (host.life === life && host.state === 'up')
        this.#ask(host, { ...operation, id: ++this.#lastId, attempt: attempt + 1 })
    })
  }

  #ask(host: Host, operation: Operation): void {
    const { queue, plan } = this.#parts
    const startedAt = queue.now
    const timeoutMs = operation.attempt === 0 ? plan.timeoutMs : FINAL_TIMEOUT_MS
    this.#parts.ask({
      ...operation,
      result: undefined,
      life: host.life,
      startedAt,
      deadline: startedAt + timeoutMs,
    })
  }

  #operation(
    host: Host,
    what: Pick<Operation, 'kind' | 'sizeBytes'> & { readonly key: number; readonly attempt?: number },
  ): Operation {
    const key = `key ${what.key}`
    return {
      id: ++this.#lastId,
      kind: what.kind,
      key,
      hash: hashKey(key),
      host: host.index,
      life: host.life,
      startedAt: 0,
      deadline: 0,
      sizeBytes: what.sizeBytes,
      attempt: what.attempt ?? 0,
      settledAt: undefined,
      result: undefined,
    }
  }
}
