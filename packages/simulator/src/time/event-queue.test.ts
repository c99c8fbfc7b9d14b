import fc from 'fast-check'
import { expect, it } from 'vitest'
import { EventQueue } from './event-queue.ts'

it('lets events happen by time, and at one time in the order in which they were scheduled', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20)), delays => {
      const queue = new EventQueue(1)
      const happened: [number, number][] = []
      delays.forEach((delay, index) => {
        queue.after(delay, () => happened.push([queue.now, index]))
      })
      while (queue.step(1_000));
      const wanted = delays.map((delay, index) => [1 + delay, index] as [number, number])
      expect(happened).toEqual(wanted.sort((a, b) => a[0] - b[0] || a[1] - b[1]))
      expect(queue.now).toBe(1_000)
      expect(queue.happened).toBe(delays.length)
    }),
  )
})

it('happens what events schedule, and stops at the moment it is told', () => {
  const queue = new EventQueue(1)
  const happened: number[] = []
  const again = (): void => {
    happened.push(queue.now)
    queue.after(10, again)
  }
  queue.after(0, again)
  while (queue.step(35));
  expect(happened).toEqual([1, 11, 21, 31])
  expect(queue.now).toBe(35)
})

it('refuses what lies in the past or at no time', () => {
  const queue = new EventQueue(1)
  expect(() => queue.at(0.5, () => {})).toThrow(RangeError)
  expect(() => queue.after(Number.NaN, () => {})).toThrow(RangeError)
})
