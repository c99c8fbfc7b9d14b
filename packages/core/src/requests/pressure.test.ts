import { describe, expect, it } from 'vitest'
import { Life } from '../testing/life.ts'
import { Pressure } from './pressure.ts'

/** Steps one after the other, each so much later than it was asked for. */
function stepped(pressure: Pressure, ...lateMs: number[]): boolean[] {
  let wantedAt = 1_000
  return lateMs.map(late => {
    const now = wantedAt + late
    pressure.stepped(now, wantedAt)
    wantedAt = Math.min(now + 500, pressure.wakeAt)
    return pressure.refuses
  })
}

describe('a node that is late', () => {
  it('refuses when it is so four times in a row, and no more when it is in time once', () => {
    const pressure = new Pressure(250)
    expect(stepped(pressure, 300, 300, 300, 300, 300, 10)).toEqual([false, false, false, true, true, false])
    expect(pressure.wakeAt).toBe(Number.POSITIVE_INFINITY)
  })

  it('has paused, however long, when it is in time after that', () => {
    expect(stepped(new Pressure(250), 60_000, 0, 60_000, 20, 60_000, 0)).not.toContain(true)
  })

  it('is looked at soon, and only while it is late', () => {
    const pressure = new Pressure(250)
    pressure.stepped(900, 1_000)
    expect(pressure.wakeAt).toBe(Number.POSITIVE_INFINITY)
    pressure.stepped(1_300, 1_000)
    expect(pressure.wakeAt).toBe(1_350)
  })

  it('is late once, however many inputs wait in one turn of its loop', () => {
    const pressure = new Pressure(250)
    // It begins with everything still to do, and after that has a wish that only a tick grants.
    for (const now of [900, 901, 902, 903, 904, 905]) pressure.stepped(now, 0)
    for (const now of [2_000, 2_001, 2_002, 2_003, 2_004, 2_005]) pressure.stepped(now, 1_400)
    expect(pressure.refuses).toBe(false)
    expect(pressure.wakeAt).toBe(2_050)
    pressure.stepped(2_055, 2_050)
    expect(pressure.wakeAt).toBe(Number.POSITIVE_INFINITY)
  })

  it('hears of it by the steps that its core asks for', () => {
    const life = new Life()
    life.start()
    for (let i = 0; i < 5; i++) {
      life.now = life.node.wakeAt + 400
      life.step({ kind: 'tick' })
    }
    expect(life.node.pressure.refuses).toBe(true)
    life.pass(1_000)
    expect(life.node.pressure.refuses).toBe(false)
  })
})
