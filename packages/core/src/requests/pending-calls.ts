// Calls that wait for a reply, by request id. A Map would do, but for one thing: each time enough of it has
// been deleted it moves to a new table, and the old one, once the collector has put it among the old objects,
// keeps every call that was in it until the next full collection. With hundreds of calls under way that was
// half of all garbage, and a third of the processor time of a node that asks (docs/performance.md).

import type { Call } from './call.ts'
import type { Pace } from './pace.ts'

const SLOTS_MIN = 16

export class PendingCalls {
  /** A call is in the slot that the low bits of its id name. The number of slots is a power of two. */
  #calls: (Call | undefined)[] = new Array(SLOTS_MIN).fill(undefined)
  #ids: Uint32Array = new Uint32Array(SLOTS_MIN)
  /** How the member is doing that was asked; it counts what waits for it. */
  #paces: (Pace | undefined)[] = new Array(SLOTS_MIN).fill(undefined)
  /** Since when a read waits that others may answer too, monotonic ms; 0: it is no such read. */
  #watchedSince: Float64Array = new Float64Array(SLOTS_MIN)
  /** Any call was ever watched: in most meshes none is. */
  #watches = false
  #size = 0
  #lastId: number

  /**
   * @param after any number: the first id is the next one. An answer may come from a member that was not asked, for a
   * process that is no more: a process that begins elsewhere has no such request.
   */
  constructor(after = 0) {
    this.#lastId = after
  }

  get size(): number {
    return this.#size
  }

  /** The id that was given last. */
  get lastId(): number {
    return this.#lastId
  }

  /** An id for the next call. Ids rise, skip 0 and those whose slot is taken, and begin anew after 2^32. */
  nextId(): number {
    do this.#lastId = (this.#lastId + 1) >>> 0
    while (this.#lastId === 0 || this.#calls[this.#slot(this.#lastId)] !== undefined)
    return this.#lastId
  }

  /** Keeps a call under the id that `nextId` gave last. */
  add(id: number, call: Call, pace: Pace): void {
    const slot = this.#slot(id)
    this.#calls[slot] = call
    this.#ids[slot] = id
    this.#paces[slot] = pace
    pace.open++
    pace.asked++
    this.#size++
    // Half of the slots stay free, so that `nextId` soon finds one.
    if (this.#size * 2 > this.#calls.length) this.#grow()
  }

  get(id: number): Call | undefined {
    const slot = this.#slot(id)
    return this.#ids[slot] === id ? this.#calls[slot] : undefined
  }

  /** Of a call that waits. */
  paceOf(id: number): Pace {
    return this.#paces[this.#slot(id)] as Pace
  }

  delete(id: number): void {
    if (this.get(id) === undefined) return
    const slot = this.#slot(id)
    this.#calls[slot] = undefined
    const pace = this.#paces[slot] as Pace
    pace.open--
    this.#paces[slot] = undefined
    if (this.#watches) this.#watchedSince[slot] = 0
    this.#size--
  }

  /** Since when a call is watched that waits, monotonic ms; 0: it is not. */
  watch(id: number, since: number): void {
    if (since !== 0) this.#watches = true
    this.#watchedSince[this.#slot(id)] = since
  }

  /** Those that are watched, and since when. They may be deleted, and others added, meanwhile. */
  forEachWatched(visit: (call: Call, id: number, since: number) => void): void {
    const ids = this.#ids
    for (const id of ids) {
      const call = this.get(id)
      const since = this.#watchedSince[this.#slot(id)] as number
      if (call !== undefined && since !== 0) visit(call, id, since)
    }
  }

  /** Calls that are added meanwhile may be passed over, those that are deleted meanwhile are. */
  forEach(visit: (call: Call, id: number) => void): void {
    const ids = this.#ids
    for (const id of ids) {
      const call = this.get(id)
      if (call !== undefined) visit(call, id)
    }
  }

  #slot(id: number): number {
    return id & (this.#calls.length - 1)
  }

  /** Ids with different low bits differ in one bit more too: no two calls meet in a slot. */
  #grow(): void {
    const calls = this.#calls
    const ids = this.#ids
    const paces = this.#paces
    const since = this.#watchedSince
    this.#calls = new Array(calls.length * 2).fill(undefined)
    this.#paces = new Array(calls.length * 2).fill(undefined)
    this.#ids = new Uint32Array(calls.length * 2)
    this.#watchedSince = new Float64Array(calls.length * 2)
    for (const [slot, call] of calls.entries()) {
      if (call === undefined) continue
      const id = ids[slot] as number
      this.#calls[this.#slot(id)] = call
      this.#paces[this.#slot(id)] = paces[slot]
      this.#watchedSince[this.#slot(id)] = since[slot] as number
      this.#ids[this.#slot(id)] = id
    }
  }
}
