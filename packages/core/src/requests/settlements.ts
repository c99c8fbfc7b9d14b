// Requests that were passed on to this node, and whose answers have left straight for those who asked first. Whoever passed
// them on waits for nothing but to hear that, and not urgently: many are told in one frame.

import { KIND, packSettled } from '@cachemesh/protocol'
import type { Outlet } from './outlet.ts'

const TOGETHER_MAX = 1_024

export class Settlements {
  readonly #ids = new Map<Outlet, number[]>()
  /** One peer passes on many in a row. */
  #last: Outlet | undefined
  #lastIds: number[] = []

  get any(): boolean {
    return this.#ids.size > 0
  }

  /** `id`: of a request that this peer has passed on. */
  add(to: Outlet, id: number): void {
    const ids = to === this.#last ? this.#lastIds : this.#idsOf(to)
    if (ids.push(id) < TOGETHER_MAX) return
    this.#tell(to, ids)
  }

  /** Tells all that was not told yet. */
  tell(): void {
    for (const [to, ids] of this.#ids) this.#tell(to, ids)
  }

  #idsOf(to: Outlet): number[] {
    let ids = this.#ids.get(to)
    if (ids === undefined) {
      ids = []
      this.#ids.set(to, ids)
    }
    this.#last = to
    this.#lastIds = ids
    return ids
  }

  #tell(to: Outlet, ids: readonly number[]): void {
    this.#ids.delete(to)
    if (to === this.#last) this.#last = undefined
    to.writer.message(KIND.settled, 0, packSettled(ids))
    to.flushSoon()
  }
}
