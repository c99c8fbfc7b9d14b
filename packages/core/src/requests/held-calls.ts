// Calls for what this node answers for that wait until it knows that the others still hold it for a member
// (membership/fence.ts), each as long as it can: then it is answered from what is here, without certainty. Who answers
// in the place of others may have to ask them when the wait is over: a read is held only as long as there is time for all
// of them to be silent.

import type { Call } from './call.ts'
import { PASSED_OVER_MS } from './hearing.ts'

/** What is left of a call's time when it waits no more, ms. */
const MARGIN_MS = 60

interface Held {
  readonly call: Call
  /** Monotonic ms. */
  readonly until: number
}

export class HeldCalls {
  #held: Held[] = []

  get any(): boolean {
    return this.#held.length > 0
  }

  /** @param others so many members are to be asked before this node answers */
  add(call: Call, others: number): void {
    // A write that has gone to a member waits for it as long as its link is up, however much time was left.
    const passingMs = call.request.kind === 'get' ? others * PASSED_OVER_MS : 0
    this.#held.push({ call, until: call.deadline - MARGIN_MS - passingMs })
  }

  /** All of them, when the wait is over. */
  release(): readonly Call[] {
    const held = this.#held
    this.#held = []
    return held.map(({ call }) => call)
  }

  /** Those that cannot wait any longer. */
  hurried(now: number): readonly Call[] {
    const isHurried = ({ until }: Held): boolean => now >= until
    const hurried = this.#held.filter(isHurried)
    if (hurried.length > 0) this.#held = this.#held.filter(held => !isHurried(held))
    return hurried.map(({ call }) => call)
  }
}
