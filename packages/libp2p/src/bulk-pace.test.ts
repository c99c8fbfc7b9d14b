import { describe, expect, it } from 'vitest'
import { BulkPace, SLICE_BYTES } from './bulk-pace.ts'

const SLICE = SLICE_BYTES
const smalls = (pace: BulkPace, count: number, now: number): void => {
  for (let i = 0; i < count; i++) pace.smallSent(now)
}
/** Sends slices as soon as they are due, until `end`; returns when each left. */
const slicesUntil = (pace: BulkPace, end: number, from = 0): number[] => {
  const at: number[] = []
  for (let now = from; now < end; now += 0.1) {
    while (pace.waitMs(now) === 0 && at.length < 100_000) {
      pace.sliceSent(SLICE, now)
      at.push(now)
    }
    pace.smallSent(now)
  }
  return at
}

describe('the pace of large frames', () => {
  it('is none while nothing small is sent', () => {
    const pace = new BulkPace()
    pace.largeQueued()
    for (let i = 0; i < 1000; i++) {
      expect(pace.waitMs(0)).toBe(0)
      pace.sliceSent(SLICE, 0)
    }
  })

  it('is 127 MiB a second beside small ones, two slices at once', () => {
    const pace = new BulkPace()
    smalls(pace, 10, 0)
    pace.largeQueued()
    const at = slicesUntil(pace, 1000)
    expect(at.filter(now => now === 0)).toHaveLength(2)
    expect(at.length).toBeGreaterThan(1900)
    expect(at.length).toBeLessThanOrEqual(2001)
  })

  it('has nothing to make up for from before, and saves nothing up', () => {
    const pace = new BulkPace()
    for (let i = 0; i < 1000; i++) pace.sliceSent(SLICE, 0)
    smalls(pace, 10, 0)
    expect(pace.waitMs(0)).toBeGreaterThan(0)
    expect(pace.waitMs(0)).toBeLessThan(1)
    smalls(pace, 10, 40)
    expect(slicesUntil(pace, 40.05, 40)).toHaveLength(2)
  })

  it('ends soon after the last small frame', () => {
    const pace = new BulkPace()
    smalls(pace, 10, 0)
    pace.sliceSent(SLICE, 0)
    pace.sliceSent(SLICE, 0)
    expect(pace.waitMs(0.1)).toBeGreaterThan(0)
    for (const now of [51, 51, 51]) {
      expect(pace.waitMs(now)).toBe(0)
      pace.sliceSent(SLICE, now)
    }
    pace.smallSent(52)
    expect(pace.waitMs(52)).toBe(0)
  })

  it('is none where small frames are the requests for large ones, and what acknowledges them', () => {
    const pace = new BulkPace()
    for (let i = 0; i < 1000; i++) {
      smalls(pace, 2, i / 100)
      pace.largeQueued()
      expect(pace.waitMs(i / 100)).toBe(0)
      pace.sliceSent(SLICE, i / 100)
    }
  })
})
