import { namespaceOf, tagSlot } from '@cachemesh/protocol'
import { Dice } from '../chance/dice.ts'
import type { Host } from '../world/host.ts'
import type { AtomicsPlan } from './atomics-plan.ts'
import type { Operation } from './operation.ts'
import type { WorkloadPlan } from './plan.ts'

/** What a program is about to ask. */
export type Call = Pick<Operation, 'kind' | 'key' | 'sizeBytes' | 'expected' | 'slot'> & {
  readonly attempt?: number
}

/** The namespace whose entries have tags, and are erased in bulk. */
export const TAGGED = 'tagged'
const TAGGED_KEYS = 12

export function isTagged(key: string): boolean {
  return namespaceOf(key) === TAGGED
}

const BATCH_MAX = 20

/** Slot of the tag that each of its keys has. */
const SLOTS = ['a', 'b', 'c'].map(tag => tagSlot(TAGGED, tag))

export interface AtomicsParts {
  readonly plan: WorkloadPlan
  readonly atomics: AtomicsPlan
  readonly seed: number
  made(host: Host, what: Call): Operation
}

/** Calls of programs that hang on what is there, or concern many keys. They have chance of their own. */
export class AtomicCalls {
  readonly taggedKeys: readonly string[] = Array.from({ length: TAGGED_KEYS }, (_, i) => `\0${TAGGED}\0${i}`)
  readonly #parts: AtomicsParts
  readonly #dice: Dice
  /** By host and key: the version that it has read last. */
  readonly #read = new Map<string, number>()

  constructor(parts: AtomicsParts) {
    this.#parts = parts
    this.#dice = new Dice(parts.seed, 'atomics')
  }

  /** Undefined: it is the turn of a call of another kind. */
  drawn(host: Host): readonly Operation[] | undefined {
    const { atomics, made } = this.#parts
    let what = this.#dice.between(0, 1)
    if (what < atomics.increments) {
      return [
        made(host, { kind: 'increment', key: `counter ${this.#dice.below(atomics.counters)}`, sizeBytes: 0 }),
      ]
    }
    what -= atomics.increments
    if (what < atomics.compares) return this.#compare(host)
    what -= atomics.compares
    if (what < atomics.tagged) return [made(host, this.#tagged())]
    what -= atomics.tagged
    return what < atomics.batches ? this.#batch(host) : undefined
  }

  settled({ host, key, result }: Operation): void {
    if (result?.kind === 'hit') this.#read.set(`${host} ${key}`, result.version)
  }

  #compare(host: Host): readonly Operation[] | undefined {
    const key = this.#key()
    const expected = this.#read.get(`${host.index} ${key}`)
    if (expected === undefined) return undefined
    return [this.#parts.made(host, { kind: 'compare', key, sizeBytes: this.#size(), expected })]
  }

  #tagged(): Call {
    const number = this.#dice.below(TAGGED_KEYS)
    const key = this.taggedKeys[number] as string
    if (this.#dice.chance(0.4)) return { kind: 'get', key, sizeBytes: 0 }
    return { kind: 'tagged', key, sizeBytes: this.#size(), slot: SLOTS[number % SLOTS.length] as number }
  }

  #batch(host: Host): readonly Operation[] {
    const keys = new Set(Array.from({ length: 2 + this.#dice.below(BATCH_MAX) }, () => this.#key()))
    const kind = this.#dice.pick(['get', 'get', 'set'] as const)
    return [...keys].map(key =>
      this.#parts.made(host, { kind, key, sizeBytes: kind === 'set' ? this.#size() : 0 }),
    )
  }

  #key(): string {
    return `key ${this.#dice.below(this.#parts.plan.keys)}`
  }

  #size(): number {
    return Math.floor(this.#dice.magnitude(1, this.#parts.plan.valueBytesMax))
  }
}
