import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RULES } from '../limits/limits.ts'
import { LocalHealth } from './local-health.ts'

describe('local health', () => {
  it('does not count the time of a pause, and is more patient after it', () => {
    const health = new LocalHealth(RULES)
    health.stepped(100, 100)
    expect([health.awake(100), health.patience]).toEqual([100, 1])
    // It wanted to wake at 200, and a pause of 2 s came in between.
    health.stepped(2_200, 200)
    expect(health.awake(2_200)).toBe(200)
    expect(health.patience).toBe(3)
    expect(health.awake(2_300)).toBe(300)
    expect(health.atAwake(300)).toBe(2_300)
  })

  it('takes a timer that is a little late for what it is', () => {
    const health = new LocalHealth(RULES)
    health.stepped(100 + RULES.lateMs, 100)
    expect([health.awake(350), health.patience]).toEqual([350, 1])
  })

  it('counts one wait once, when steps that are no tick come before the tick', () => {
    const health = new LocalHealth(RULES)
    health.stepped(100, 100)
    // The tick of 200 is still to come: three messages were read first.
    health.stepped(2_200, 200)
    health.stepped(2_200, 200)
    health.stepped(2_210, 200)
    health.stepped(2_220, 200)
    expect(health.awake(2_220)).toBe(220)
    expect(health.patience).toBe(3)
  })

  it('knows no pause when nothing was wanted', () => {
    const health = new LocalHealth(RULES)
    health.stepped(1e9, Number.POSITIVE_INFINITY)
    expect([health.awake(1e9), health.patience]).toEqual([1e9, 1])
  })

  it('doubts itself up to a bound, and step by step no more', () => {
    const health = new LocalHealth(RULES)
    let now = 1
    for (let i = 0; i < 20; i++) {
      now += 2_100
      health.stepped(now, now - 2_000)
    }
    expect(health.patience).toBe(RULES.doubtMax)
    const patiences: number[] = []
    for (let i = 0; i < RULES.doubtMax; i++) {
      now += RULES.doubtMs - 1
      health.stepped(now, now)
      patiences.push(health.patience)
      now += 1
      health.stepped(now, now)
    }
    expect(patiences).toEqual([8, 7, 6, 5, 4, 3, 2, 1])
    expect(health.patience).toBe(1)
  })

  it('measures time that never runs backwards and never faster than the clock', () => {
    const step = fc.record({ passMs: fc.nat(5_000), wantedInMs: fc.nat(3_000) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 50 }), steps => {
        const health = new LocalHealth(RULES)
        let [now, wantedAt] = [1, Number.POSITIVE_INFINITY]
        for (const { passMs, wantedInMs } of steps) {
          const before = health.awake(now)
          now += passMs
          health.stepped(now, wantedAt)
          const passed = health.awake(now) - before
          expect(passed).toBeGreaterThanOrEqual(0)
          expect(passed).toBeLessThanOrEqual(passMs)
          expect(health.atAwake(health.awake(now))).toBe(now)
          expect(health.patience).toBeGreaterThanOrEqual(1)
          expect(health.patience).toBeLessThanOrEqual(RULES.doubtMax)
          wantedAt = now + wantedInMs
        }
      }),
    )
  })
})
