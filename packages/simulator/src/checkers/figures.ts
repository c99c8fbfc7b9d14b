import type { Measures } from '../scenario/scenario.ts'
import type { Host } from '../world/host.ts'
import type { Checker } from './checker.ts'
import { Detection } from './detection.ts'
import { Healing } from './healing.ts'
import { Propagation } from './propagation.ts'
import { Removals } from './removals.ts'

/** What was measured in one run; times in virtual ms. */
export interface FigureValues {
  /** Of each change, from its author to everybody. */
  readonly convergenceMs: readonly number[]
  /** Of each change the longest way that it took, in nodes. */
  readonly rounds: readonly number[]
  /** Of each member that crashed or was cut off, until all who are there hold it as removed. */
  readonly detectionMs: readonly number[]
  /** Of each cut, from its end until all hold one text. */
  readonly healMs: readonly number[]
  /** Of its own side of a cut, at any node; undefined: nothing was cut that is measured. */
  readonly smallestRing: number | undefined
  readonly removals: number
  /** Of members that were there and could be reached: whole ones, and those that paused or were slow. */
  readonly falseRemovals: number
  readonly falseRemovalsOfSick: number
  /** Of members that were whole and could be reached. */
  readonly falseChecks: number
  readonly falseAccusations: number
}

/** The checkers of a run that measure. */
export class Figures {
  readonly #measures: Measures
  readonly #propagation = new Propagation()
  #detection: Detection | undefined
  #removals: Removals | undefined
  #healing: Healing | undefined

  constructor(measures: Measures = {}) {
    this.#measures = measures
  }

  checkers(hosts: readonly Host[]): readonly Checker[] {
    const { falseRemovals, detection, heal } = this.#measures
    this.#removals = new Removals(hosts, falseRemovals)
    this.#detection = new Detection(hosts, detection)
    this.#healing = heal && new Healing(hosts, heal)
    return [
      this.#propagation,
      this.#removals,
      this.#detection,
      ...(this.#healing === undefined ? [] : [this.#healing]),
    ]
  }

  read(): FigureValues {
    return {
      convergenceMs: this.#propagation.latencies,
      rounds: this.#propagation.rounds,
      detectionMs: this.#detection?.latencies ?? [],
      healMs: this.#healing?.latencies ?? [],
      smallestRing: this.#healing?.smallestRing,
      removals: this.#removals?.all ?? 0,
      falseRemovals: this.#removals?.falseOnes ?? 0,
      falseChecks: this.#removals?.falseChecks ?? 0,
      falseAccusations: this.#removals?.falseAccusations ?? 0,
      falseRemovalsOfSick: this.#removals?.falseOfSick ?? 0,
    }
  }
}
