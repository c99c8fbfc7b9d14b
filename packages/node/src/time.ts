import type { Instant } from '@cachemesh/core'

/** Monotonic ms, never 0. */
export function monotonic(): number {
  return performance.now() + 1
}

export function instant(): Instant {
  return { now: monotonic(), wall: Date.now() }
}
