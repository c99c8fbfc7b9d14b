// The global `performance` is a getter, which costs half as much again as what it gives.
import { performance } from 'node:perf_hooks'
import type { Instant } from '@cachemesh/core'

/** Monotonic ms, never 0. */
export function monotonic(): number {
  return performance.now() + 1
}

export function instant(): Instant {
  return { now: monotonic(), wall: Date.now() }
}

/** The time whenever it is looked at: for the many calls of the core that hardly ever look. */
export const present: Instant = {
  get now() {
    return monotonic()
  },
  get wall() {
    return Date.now()
  },
}

/** A moment that is taken anew for each call: no call makes an object for it, and reads the clock twice. */
export class Moment implements Instant {
  now = 0

  get wall(): number {
    return Date.now()
  }

  taken(): this {
    this.now = monotonic()
    return this
  }
}
