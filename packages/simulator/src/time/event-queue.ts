import { EventHeap, type ScheduledEvent } from './event-heap.ts'

/** Milliseconds that have a slot of their own. Nearly all that happens is scheduled for the next few seconds. */
const SLOTS = 4_096

/**
 * What is going to happen, in the order of virtual time; of events at one moment the one that was scheduled
 * first happens first. So a run is a function of its inputs, down to the order of ties.
 *
 * A timing wheel (Varghese, Lauck 1987): each of the next milliseconds has a slot, whose few events are put into order
 * when their time has come. One heap of all would be so large in a big mesh that no cache of the processor holds it.
 */
export class EventQueue {
  /** Of the millisecond that has come and of those before it. */
  readonly #due = new EventHeap()
  /** By millisecond, from the one after it on. */
  readonly #slots: ScheduledEvent[][] = Array.from({ length: SLOTS }, () => [])
  #inSlots = 0
  /** Beyond them. */
  readonly #later = new EventHeap()
  /** The millisecond that has come. */
  #reached: number
  #now: number
  #sequence = 0
  #happened = 0

  constructor(startsAt: number) {
    this.#now = startsAt
    this.#reached = Math.floor(startsAt)
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
    const event = { at, sequence: this.#sequence++, happen }
    const ahead = Math.floor(at) - this.#reached
    if (ahead <= 0) this.#due.push(event)
    else if (ahead < SLOTS) this.#intoSlot(event)
    else this.#later.push(event)
  }

  /** Lets the next event happen; false when none is left up to `until`, and then it is `until`. */
  step(until: number): boolean {
    if (this.#due.first === undefined) this.#advance(until)
    const next = this.#due.first
    if (next === undefined || next.at > until) {
      this.#now = Math.max(this.#now, until)
      return false
    }
    this.#due.pop()
    this.#now = next.at
    this.#happened++
    next.happen()
    return true
  }

  #intoSlot(event: ScheduledEvent): void {
    ;(this.#slots[Math.floor(event.at) % SLOTS] as ScheduledEvent[]).push(event)
    this.#inSlots++
  }

  /** On to the next millisecond in which something happens, but no further than `until`. */
  #advance(until: number): void {
    while (this.#due.first === undefined && this.#reached + 1 <= until) {
      const { first } = this.#later
      if (this.#inSlots === 0) {
        // Nothing but what is far away: the time until then has no events.
        if (first === undefined) return
        this.#reached = Math.max(this.#reached, Math.min(Math.floor(first.at), Math.floor(until)) - 1)
      }
      this.#reached++
      this.#nearer()
      const slot = this.#slots[this.#reached % SLOTS] as ScheduledEvent[]
      if (slot.length === 0) continue
      for (const event of slot) this.#due.push(event)
      this.#inSlots -= slot.length
      slot.length = 0
    }
  }

  /** The time that has come gave way to a slot at the other end. */
  #nearer(): void {
    for (;;) {
      const { first } = this.#later
      if (first === undefined || Math.floor(first.at) - this.#reached >= SLOTS) return
      this.#later.pop()
      this.#intoSlot(first)
    }
  }
}
