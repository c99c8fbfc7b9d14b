// What somebody asks of the mesh at this node: change what is agreed on, give the mesh up, tell everybody now.
// Each is an input with a number of its own, and is answered by an output with that number, in which the version
// stands that it took effect in. So a recorded run replays with all that was asked.

import { CacheMeshError, type Configuration, deltaTo, summaryOf, type Version } from '@cachemesh/protocol'
import { TIMES } from '../limits/limits.ts'
import { type Change, checkExpected, type Expected, initialRecordsOf, recordsOf } from './change.ts'
import { type Erasure, erasingRecords } from './erasure.ts'
import type { Exchange, ExchangeOutput } from './exchange.ts'
import type { Ledger } from './ledger.ts'

export type Operation =
  | {
      readonly kind: 'update'
      readonly change: Change
      /** What the change does not name is removed. Default false. */
      readonly whole?: boolean
      readonly expected?: Expected
    }
  /** Void all entries of a namespace, or of tags, that are there now. */
  | { readonly kind: 'erase'; readonly erasure: Erasure }
  | { readonly kind: 'destroy'; readonly expected?: Expected }
  /** Tell all linked peers, and wait until they have confirmed. */
  | { readonly kind: 'propagate' }

export type Answer =
  | {
      readonly kind: 'done'
      /** The version in which it took effect. */
      readonly version: Version
      /** False: the configuration said so already. */
      readonly changed: boolean
    }
  | {
      readonly kind: 'propagated'
      readonly version: Version
      /** Peers that were asked: all that were linked. */
      readonly peers: number
      /** Those that hold this version's text. */
      readonly confirmed: number
    }
  | { readonly kind: 'refused'; readonly error: CacheMeshError }

export interface AnswerOutput {
  readonly kind: 'answer'
  readonly ask: number
  readonly answer: Answer
}

interface Propagation {
  readonly peers: ReadonlySet<string>
  readonly until: number
}

const NO_ANSWERS: readonly AnswerOutput[] = []

export class Operations {
  readonly #ledger: Ledger
  readonly #exchange: Exchange
  readonly #linked: ReadonlySet<string>
  /** Changes of this step, and the digest before each. */
  readonly #begun = new Map<number, string>()
  readonly #propagations = new Map<number, Propagation>()
  readonly #refused: AnswerOutput[] = []

  readonly #nextVersion: (wall: number) => number

  constructor(room: {
    ledger: Ledger
    exchange: Exchange
    linked: ReadonlySet<string>
    /** Versions of entries: what is erased is up to the next one. */
    nextVersion: (wall: number) => number
  }) {
    this.#nextVersion = room.nextVersion
    this.#ledger = room.ledger
    this.#exchange = room.exchange
    this.#linked = room.linked
  }

  get wakeAt(): number {
    let earliest = Number.POSITIVE_INFINITY
    for (const { until } of this.#propagations.values()) earliest = Math.min(earliest, until)
    return earliest
  }

  /** Undefined: it was refused, and has changed nothing. Its answer is among those of `finish`. */
  begin(
    ask: number,
    operation: Operation,
    at: { readonly now: number; readonly wall: number },
  ): ExchangeOutput[] | undefined {
    try {
      if (operation.kind === 'propagate') return this.#propagate(ask, at.now)
      const before = this.#ledger.current
      if (before.destroyed) throw destroyedError(before)
      const outputs = this.#carryOut(operation, at.wall)
      this.#begun.set(ask, before.version.digest)
      return outputs
    } catch (error) {
      this.refuse(ask, error)
      return undefined
    }
  }

  /** Answers an ask with an error. */
  refuse(ask: number, error: unknown): void {
    if (!(error instanceof CacheMeshError)) throw error
    this.#refused.push({ kind: 'answer', ask, answer: { kind: 'refused', error } })
  }

  /** A change of this node's own, decided on a version. Returns why it was refused, if it was. */
  revise(change: Change, expected: Expected, wall: number): CacheMeshError | undefined {
    try {
      this.#carryOut({ kind: 'update', change, expected }, wall)
      return undefined
    } catch (error) {
      if (error instanceof CacheMeshError) return error
      throw error
    }
  }

  /**
   * The first document of a mesh, when there is nobody yet who has served in it. Throws
   * ERR_MALFORMED_CONFIGURATION when there is no room for it.
   */
  found(initial: Change, wall: number): ExchangeOutput[] {
    const before = this.#ledger.current
    const { members, registers } = before
    const isNew = registers.length === 0 && members.every(({ state }) => state === 'joining')
    if (isNew && this.#ledger.author(initialRecordsOf(initial), wall)) this.#exchange.announce(before)
    return []
  }

  /** At the end of a step: the answers to what is done. */
  finish(now: number): readonly AnswerOutput[] {
    // Every step asks, and hardly ever is there an operation.
    if (this.#refused.length + this.#begun.size + this.#propagations.size === 0) return NO_ANSWERS
    const answers = this.#refused.splice(0)
    const { version } = this.#ledger.current
    for (const [ask, digest] of this.#begun) {
      const answer: Answer = { kind: 'done', version, changed: version.digest !== digest }
      answers.push({ kind: 'answer', ask, answer })
    }
    this.#begun.clear()
    for (const [ask, { peers, until }] of this.#propagations) {
      const open = [...peers].filter(peer => this.#linked.has(peer) && !this.#holds(peer))
      if (open.length > 0 && now < until) continue
      this.#propagations.delete(ask)
      const confirmed = [...peers].filter(peer => this.#holds(peer)).length
      const answer: Answer = { kind: 'propagated', version, peers: peers.size, confirmed }
      answers.push({ kind: 'answer', ask, answer })
    }
    return answers
  }

  #carryOut(operation: Exclude<Operation, { kind: 'propagate' }>, wall: number): ExchangeOutput[] {
    if (operation.kind === 'erase') return this.#erase(operation.erasure, wall)
    checkExpected(this.#ledger.current, operation.expected)
    return operation.kind === 'update' ? this.#update(operation, wall) : this.#destroy(wall)
  }

  #erase(erasure: Erasure, wall: number): ExchangeOutput[] {
    const before = this.#ledger.current
    const records = erasingRecords(erasure, before, this.#nextVersion(wall))
    if (this.#ledger.author(records, wall)) this.#exchange.announce(before)
    return []
  }

  #update(operation: Extract<Operation, { kind: 'update' }>, wall: number): ExchangeOutput[] {
    const before = this.#ledger.current
    const { change, whole = false } = operation
    if (this.#ledger.author(recordsOf(change, before, { whole }), wall)) this.#exchange.announce(before)
    return []
  }

  /** Everybody who is linked hears it from this node itself: it may be closed before others pass it on. */
  #destroy(wall: number): ExchangeOutput[] {
    const before = summaryOf(this.#ledger.current)
    this.#ledger.destroy(wall)
    const delta = deltaTo(this.#ledger.current, before)
    const message = { kind: 'delta', delta } as const
    return [
      { kind: 'announce', delta },
      ...[...this.#linked].map(to => ({ kind: 'send', to, message }) as const),
    ]
  }

  /** What peers said before is not taken for an answer. */
  #propagate(ask: number, now: number): ExchangeOutput[] {
    this.#propagations.set(ask, { peers: new Set(this.#linked), until: now + TIMES.propagateMs })
    return [...this.#linked].flatMap(peer => this.#exchange.ask(peer, now))
  }

  #holds(peer: string): boolean {
    return this.#exchange.heldBy(peer) === this.#ledger.current.version.digest
  }
}

/** Whoever asks for a key or a change of a mesh that is no more. */
export function destroyedError({ meshId, version: { serial } }: Configuration): CacheMeshError {
  return new CacheMeshError(
    'ERR_MESH_DESTROYED',
    `The mesh ${JSON.stringify(meshId)} was destroyed (serial ${serial}); a new mesh needs another name`,
  )
}
