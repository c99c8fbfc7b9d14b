/** The time at which something happens. It is looked at during a call, and never kept. */
export interface Instant {
  /** Monotonic ms: for every duration. Never 0. */
  readonly now: number
  /** Wall clock, ms since 1970: for timestamps and versions only. */
  readonly wall: number
}
