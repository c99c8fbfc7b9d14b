// Operations that the core was asked for and has not answered yet.

import type { Answer } from '@cachemesh/core'
import { CacheMeshError } from '@cachemesh/protocol'

type Settle = (answer: Answer) => void

export class Asks {
  readonly #open = new Map<number, Settle>()
  #last = 0

  /** `settle` is called once, at the latest when the node closes. */
  add(settle: Settle): number {
    this.#open.set(++this.#last, settle)
    return this.#last
  }

  answer(ask: number, answer: Answer): void {
    const settle = this.#open.get(ask)
    this.#open.delete(ask)
    settle?.(answer)
  }

  close(): void {
    const error = new CacheMeshError('ERR_CLOSED', 'The node is closed')
    for (const ask of [...this.#open.keys()]) this.answer(ask, { kind: 'refused', error })
  }
}
