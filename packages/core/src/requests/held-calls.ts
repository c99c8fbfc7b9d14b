// Calls for what this node answers for that wait until it knows that the others still hold it for a member
// (membership/fence.ts), each as long as it can: then it is answered from what is here, without certainty.

import type { Call } from './call.ts'

/** What is left of a call's time when it waits no more, ms. */
const MARGIN_MS = 60

export class HeldCalls {
  #calls: Call[] = []

  get any(): boolean {
    return this.#calls.length > 0
  }

  add(call: Call): void {
    this.#calls.push(call)
  }

  /** All of them, when the wait is over. */
  release(): readonly Call[] {
    const calls = this.#calls
    this.#calls = []
    return calls
  }

  /** Those that cannot wait any longer. */
  hurried(now: number): readonly Call[] {
    const isHurried = ({ deadline }: Call): boolean => now >= deadline - MARGIN_MS
    const hurried = this.#calls.filter(isHurried)
    if (hurried.length > 0) this.#calls = this.#calls.filter(call => !isHurried(call))
    return hurried
  }
}
