export interface ScheduledEvent {
  readonly at: number
  readonly sequence: number
  readonly happen: () => void
}

/** Events by time and, at one time, by sequence: a binary heap. */
export class EventHeap {
  readonly #heap: ScheduledEvent[] = []

  get first(): ScheduledEvent | undefined {
    return this.#heap[0]
  }

  push(event: ScheduledEvent): void {
    const heap = this.#heap
    let place = heap.length
    heap.push(event)
    while (place > 0) {
      const parent = (place - 1) >> 1
      const above = heap[parent] as ScheduledEvent
      if (isBefore(above, event)) break
      heap[place] = above
      place = parent
    }
    heap[place] = event
  }

  /** Removes the first. */
  pop(): void {
    const heap = this.#heap
    const last = heap.pop() as ScheduledEvent
    if (heap.length === 0) return
    let place = 0
    for (;;) {
      let child = 2 * place + 1
      if (child >= heap.length) break
      const right = heap[child + 1]
      if (right !== undefined && isBefore(right, heap[child] as ScheduledEvent)) child++
      if (isBefore(last, heap[child] as ScheduledEvent)) break
      heap[place] = heap[child] as ScheduledEvent
      place = child
    }
    heap[place] = last
  }
}

function isBefore(a: ScheduledEvent, b: ScheduledEvent): boolean {
  return a.at < b.at || (a.at === b.at && a.sequence < b.sequence)
}
