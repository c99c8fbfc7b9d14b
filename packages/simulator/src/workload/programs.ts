import { hashKey } from '@cachemesh/protocol'
import { Dice } from '../chance/dice.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { SETTLE_MS } from '../scenario/times.ts'
import type { EventQueue } from '../time/event-queue.ts'
import type { Host } from '../world/host.ts'
import { AtomicCalls, type Call } from './atomics.ts'
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
  /** One call for several keys. */
  askTogether(operations: readonly Operation[]): void
}

/** The programs on all hosts: when they call what. They know nothing of the mesh. */
export class Programs {
  readonly #parts: ProgramsParts
  readonly #dice: Dice
  readonly #endsAt: number
  readonly #atomics: AtomicCalls | undefined
  /** Of 1/1, 1/2, 1/3 and on, one for each key. */
  readonly #zipfSums: number[] = []
  #lastId = 0

  constructor(parts: ProgramsParts) {
    this.#parts = parts
    this.#dice = new Dice(parts.scenario.seed, 'programs')
    this.#endsAt = parts.scenario.calmAt + SETTLE_MS
    parts.queue.at(this.#endsAt, () => this.#readAll())
    const { atomics } = parts.plan
    const made = (host: Host, what: Call): Operation => this.#operation(host, what)
    if (atomics)
      this.#atomics = new AtomicCalls({ plan: parts.plan, atomics, seed: parts.scenario.seed, made })
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
    // Where the load is the question nothing may move any more once the trouble is over, and so nobody asks.
    if (at >= (plan.zipf === true ? this.#parts.scenario.calmAt : this.#endsAt)) return
    queue.at(at, () => {
      if (host.life !== life || host.state !== 'up') return
      const operations = this.#atomics?.drawn(host) ?? [this.#drawn(host)]
      host.arrive(() => this.#ask(host, operations))
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
    const key = this.#popular(dice.between(0, 1))
    return this.#operation(host, { kind, key: `key ${key}`, sizeBytes })
  }

  /** The number of a key: low ones are asked for more. */
  #popular(chance: number): number {
    const { keys, zipf } = this.#parts.plan
    if (zipf !== true) return Math.floor(keys * chance ** 2)
    const sums = this.#zipfSums
    if (sums.length === 0) for (let i = 1; i <= keys; i++) sums.push((sums.at(-1) ?? 0) + 1 / i)
    const wanted = chance * (sums.at(-1) as number)
    let [low, high] = [0, keys - 1]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((sums[middle] as number) > wanted) high = middle
      else low = middle + 1
    }
    return low
  }

  /** The mesh has settled long since: every node has an answer for every key. */
  #readAll(): void {
    for (const host of this.#parts.hosts) {
      if (host.state !== 'up') continue
      const numbers = Array.from({ length: this.#parts.plan.keys }, (_, key) => `key ${key}`)
      for (const key of [...numbers, ...(this.#atomics?.taggedKeys ?? [])]) {
        this.#ask(host, [this.#operation(host, { kind: 'get', key, sizeBytes: 0, attempt: 1 })])
      }
    }
  }

  /** A read may have had to wait for a link for longer than it could: there is one now. */
  settled(operation: Operation, host: Host): void {
    this.#atomics?.settled(operation)
    const { attempt } = operation
    if (attempt === 0 || attempt === ATTEMPTS_MAX || isAnswered(operation.result)) return
    const { life } = host
    this.#parts.queue.after(AGAIN_MS, () => {
      if (host.life === life && host.state === 'up')
        this.#ask(host, [{ ...operation, id: ++this.#lastId, attempt: attempt + 1 }])
    })
  }

  #ask(host: Host, operations: readonly Operation[]): void {
    const { queue, plan } = this.#parts
    const startedAt = queue.now
    const { life } = host
    const asked = operations.map(operation => {
      const deadline = startedAt + (operation.attempt === 0 ? plan.timeoutMs : FINAL_TIMEOUT_MS)
      return { ...operation, result: undefined, life, startedAt, deadline }
    })
    const [first] = asked
    if (asked.length > 1) this.#parts.askTogether(asked)
    else if (first !== undefined) this.#parts.ask(first)
  }

  #operation(host: Host, what: Call): Operation {
    return {
      ...what,
      id: ++this.#lastId,
      hash: hashKey(what.key),
      host: host.index,
      life: host.life,
      startedAt: 0,
      deadline: 0,
      attempt: what.attempt ?? 0,
      settledAt: undefined,
      result: undefined,
    }
  }
}
