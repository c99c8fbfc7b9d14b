/** A step that comes so much later than the one before, ms, follows a pause in which others may have given this node up. */
const GAP_MS = 1_500
/** Wall clock and monotonic clock may drift apart by so much between two steps, ms. */
const DIVERGENCE_MS = 1_000

/**
 * Notices that time has passed which this node's clock may not have counted. A machine that was suspended goes on
 * where it stopped, and its monotonic clock may have stood still with it: the wall clock tells.
 */
export class ClockWatch {
  #now: number
  #wall: number

  constructor({ now, wall }: { readonly now: number; readonly wall: number }) {
    this.#now = now
    this.#wall = wall
  }

  /** True when what this node promised itself by its clock no longer holds. To be called at least once a second. */
  jumped({ now, wall }: { readonly now: number; readonly wall: number }): boolean {
    const passed = now - this.#now
    const jumped = passed > GAP_MS || Math.abs(wall - this.#wall - passed) > DIVERGENCE_MS
    this.#now = now
    this.#wall = wall
    return jumped
  }
}
