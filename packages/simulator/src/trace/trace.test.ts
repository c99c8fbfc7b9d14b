import { expect, it } from 'vitest'
import { Trace } from './trace.ts'

it('has another digest when anything in it differs', () => {
  const traces: ((trace: Trace) => void)[] = [
    () => {},
    trace => trace.note(1, 'tick', 0),
    trace => trace.note(1, 'tick', 1),
    trace => trace.note(1.000_000_1, 'tick', 0),
    trace => trace.note(1, 'tic', 'k', 0),
    trace => trace.note(1, 'send', new Uint8Array([1, 2, 3, 4, 5])),
    trace => trace.note(1, 'send', new Uint8Array([1, 2, 3, 4, 6])),
    trace => trace.note(1, 'send', new Uint8Array([1, 2, 3, 4]), new Uint8Array([5])),
    trace => {
      trace.note(1, 'tick', 0)
      trace.note(2, 'tick', 0)
    },
    trace => {
      trace.note(2, 'tick', 0)
      trace.note(1, 'tick', 0)
    },
  ]
  const digest = (fill: (trace: Trace) => void): string => {
    const trace = new Trace()
    fill(trace)
    return trace.digest
  }
  expect(new Set(traces.map(digest)).size).toBe(traces.length)
  expect(traces.map(digest)).toEqual(traces.map(digest))
})

it('prints a line for everything that is noted', () => {
  const lines: string[] = []
  new Trace(line => lines.push(line)).note(12.5, 'send', 3, 'pull', new Uint8Array(7))
  expect(lines).toEqual(['      12.500 send 3 pull 7 bytes'])
})
