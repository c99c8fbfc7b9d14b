import { TIMES } from '../limits/limits.ts'

/** Returns of a node within this time make it wait. */
const REMEMBERED_MS = 5 * 60_000
/** So many returns are bad luck; from the next one on it is a pattern. */
const RETURNS_FREE = 2

/**
 * A member that is removed and returns again and again moves keys each time: of this node's own returns the later ones
 * wait longer, each twice as long as the last. Meanwhile it is joining, answers what it is asked, and owns nothing.
 */
export class Damping {
  #returns: readonly number[] = []
  #until = 0

  /** This node was removed although it lives, and comes back. */
  returned(now: number): void {
    this.#returns = [...this.#returns.filter(at => now - at < REMEMBERED_MS), now]
    const over = this.#returns.length - RETURNS_FREE
    if (over > 0) this.#until = now + Math.min(TIMES.returnMinMs * 2 ** (over - 1), TIMES.returnMaxMs)
  }

  /** This node lives, and is of no use to others. */
  stepBack(now: number): void {
    this.returned(now)
    this.#until = Math.max(this.#until, now + TIMES.stepBackMs)
  }

  /** True while the node is to own nothing. */
  holds(now: number): boolean {
    return now < this.#until
  }

  /** When it may own something again; Infinity: it may. */
  wakeAt(now: number): number {
    return this.holds(now) ? this.#until : Number.POSITIVE_INFINITY
  }
}
