import fc from 'fast-check'
import { expect, it } from 'vitest'
import { EventQueue } from './event-queue.ts'

it('lets events happen by time, and at one time in the order in which they were scheduled', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.nat(20), fc.constantFrom(0.5, 4_095, 4_096, 5_000.25, 90_000))),
      delays => {
        const queue = new EventQueue(1)
        const happened: [number, number][] = []
        delays.forEach((delay, index) => {
          queue.after(delay, () => happened.push([queue.now, index]))
        })
        while (queue.step(100_000));
        const wanted = delays.map((delay, index) => [1 + delay, index] as [number, number])
        expect(happened).toEqual(wanted.sort((a, b) => a[0] - b[0] || a[1] - b[1]))
        expect(queue.now).toBe(100_000)
        expect(queue.happened).toBe(delays.length)
      },
    ),
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

it('is as one list in order, however far ahead events are scheduled and in whatever steps time goes', () => {
  const delay = fc.oneof(fc.nat(3), fc.nat(5_000), fc.double({ min: 0, max: 20_000, noNaN: true }))
  fc.assert(
    fc.property(
      fc.array(fc.tuple(delay, delay), { maxLength: 40 }),
      fc.array(delay, { maxLength: 20 }),
      (plan, stops) => {
        const queue = new EventQueue(1.5)
        const happened: [number, number][] = []
        const wanted: [number, number][] = []
        let sequence = 0
        const schedule = (afterMs: number, next?: number): void => {
          const number = sequence++
          wanted.push([queue.now + afterMs, number])
          queue.after(afterMs, () => {
            happened.push([queue.now, number])
            if (next !== undefined) schedule(next)
          })
        }
        for (const [first, next] of plan) schedule(first, next)
        let until = 1.5
        for (const stop of stops) {
          until += stop
          while (queue.step(until));
          expect(queue.now).toBe(until)
          schedule(stop / 2)
        }
        while (queue.step(1_000_000));
        expect(happened).toEqual(wanted.sort((a, b) => a[0] - b[0] || a[1] - b[1]))
      },
    ),
  )
})

it('refuses what lies in the past or at no time', () => {
  const queue = new EventQueue(1)
  expect(() => queue.at(0.5, () => {})).toThrow(RangeError)
  expect(() => queue.after(Number.NaN, () => {})).toThrow(RangeError)
})
