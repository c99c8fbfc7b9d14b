import { describe, expect, it } from 'vitest'
import { Slots } from './slots.ts'

describe('slots', () => {
  it('run so many tasks at once, the others in their order, and outlive failures', async () => {
    const slots = new Slots(2, 60_000)
    const { signal } = new AbortController()
    const started: number[] = []
    const ends: (() => void)[] = []
    const runs = Array.from({ length: 5 }, (_, i) =>
      slots.run(signal, () => {
        started.push(i)
        return new Promise<void>((resolve, reject) =>
          ends.push(i === 1 ? () => reject(new Error('1')) : resolve),
        )
      }),
    )
    expect(started).toEqual([0, 1])
    ends[1]!()
    await expect(runs[1]).rejects.toThrow('1')
    expect(started).toEqual([0, 1, 2])
    ends[0]!()
    await runs[0]
    expect(started).toEqual([0, 1, 2, 3])
    for (const i of [2, 3]) ends[i]!()
    await runs[2]
    ends[4]!()
    await Promise.all([runs[3], runs[4]])
  })

  it('pass on the slot of a task that takes long', async () => {
    const slots = new Slots(1, 5)
    const { signal } = new AbortController()
    let end = () => {}
    const long = slots.run(signal, () => new Promise<void>(resolve => (end = resolve)))
    expect(await slots.run(signal, async () => 'next')).toBe('next')
    end()
    await long
    // The slot was given away once, and is not given away again by the end of the task.
    const held = slots.run(signal, () => new Promise<void>(resolve => (end = resolve)))
    let started = false
    const waits = slots.run(signal, async () => {
      started = true
    })
    await Promise.resolve()
    expect(started).toBe(false)
    end()
    await Promise.all([held, waits])
  })

  it('let go of a task that gave up waiting', async () => {
    const slots = new Slots(1, 60_000)
    const [quick, patient] = [new AbortController(), new AbortController()]
    let end = () => {}
    const running = slots.run(patient.signal, () => new Promise<void>(resolve => (end = resolve)))
    const gaveUp = slots.run(quick.signal, async () => 'never')
    const next = slots.run(patient.signal, async () => 'next')
    quick.abort(new Error('enough'))
    await expect(gaveUp).rejects.toThrow('enough')
    await expect(slots.run(quick.signal, async () => 'never')).rejects.toThrow('enough')
    end()
    await running
    expect(await next).toBe('next')
    expect(await slots.run(patient.signal, async () => 'free')).toBe('free')
  })
})
