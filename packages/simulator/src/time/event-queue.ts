interface Event {
  readonly at: number
  readonly sequence: number
  readonly happen: () => void
}

/**
 * What is going to happen, in the order of virtual time; of events at one moment the one that was scheduled
 * first happens first. So a run is a function of its inputs, down to the order of ties. A binary heap.
 */
export class EventQueue {
  readonly #heap: Event[] = []
  #now: number
  #sequence = 0
  #happened = 0

  constructor(startsAt: number) {
    this.#now = startsAt
  }

  /** Virtual ms. */
  get now(): number {
    return this.#now
  }

  /** Events so far. */
  get happened(): number {
    return this.#happened
  }

  /** Something happens `afterMs` from now. A delay that is no number throws: it would stop time unseen. */
  after(afterMs: number, happen: () => void): void {
    this.at(this.#now + afterMs, happen)
  }

  at(at: number, happen: () => void): void {
    if (!(at >= this.#now)) throw new RangeError(`An event at ${at} lies before ${this.#now}`)
    this.#push({ at, sequence: this.#sequence++, happen })
  }

  /** Lets the next event happen; false when none is left up to `until`, and then it is `until`. */
  step(until: number): boolean {
    const next = this.#heap[0]
    if (next === undefined || next.at > until) {
      this.#now = Math.max(this.#now, until)
      return false
    }
    this.#pop()
    this.#now = next.at
    this.#happened++
    next.happen()
    return true
  }

  #push(event: Event): void {
    const heap = this.#heap
    let place = heap.length
    heap.push(event)
    while (place > 0) {
      const parent = (place - 1) >> 1
      const above = heap[parent] as Event
      if (isBefore(above, event)) break
      heap[place] = above
      place = parent
    }
    heap[place] = event
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop() as Event
    if (heap.length === 0) return
    let place = 0
    for (;;) {
      let child = 2 * place + 1
      if (child >= heap.length) break
      const right = heap[child + 1]
      if (right !== undefined && isBefore(right, heap[child] as Event)) child++
      if (isBefore(last, heap[child] as Event)) break
      heap[place] = heap[child] as Event
      place = child
    }
    heap[place] = last
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.sequence < b.sequence)
}
