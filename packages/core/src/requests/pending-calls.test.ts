import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Call } from './call.ts'
import { Pace } from './pace.ts'
import { PendingCalls } from './pending-calls.ts'

function call(): Call {
  return {
    request: { kind: 'get', key: 'key', hash: 0 },
    hops: [],
    deadline: 0,
    failed: [],
    to: '',
    sentAt: 0,
    answered() {},
    served() {},
    failedWith() {},
  }
}

function add(pending: PendingCalls, pace = new Pace()): readonly [number, Call] {
  const added = [pending.nextId(), call()] as const
  pending.add(...added, pace)
  return added
}

function contents(pending: PendingCalls): Map<number, Call> {
  const found = new Map<number, Call>()
  pending.forEach((call, id) => {
    found.set(id, call)
  })
  return found
}

describe('pending calls', () => {
  it('hold what a Map holds, whatever is added and deleted', () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.constant('add' as const) },
      { weight: 2, arbitrary: fc.nat({ max: 2_000 }) },
    )
    fc.assert(
      fc.property(fc.array(step, { minLength: 100, maxLength: 3_000 }), steps => {
        const pending = new PendingCalls()
        const model = new Map<number, Call>()
        for (const step of steps) {
          if (step === 'add') {
            const [id, added] = add(pending)
            expect(model.has(id)).toBe(false)
            model.set(id, added)
          } else {
            const id = [...model.keys()][step % Math.max(1, model.size)] ?? step
            pending.delete(id)
            model.delete(id)
          }
        }
        expect(pending.size).toBe(model.size)
        expect(contents(pending)).toEqual(model)
        for (const [id, added] of model) expect(pending.get(id)).toBe(added)
      }),
      { numRuns: 30 },
    )
  })

  it('begin behind the number they are given, also the last one there is', () => {
    const ids = [0, 41, 2 ** 32 - 1].map(after => add(new PendingCalls(after))[0])
    expect(ids).toEqual([1, 42, 1])
  })

  it('never give the call of a newer request for an old id', () => {
    const pending = new PendingCalls()
    const [first] = add(pending)
    pending.delete(first)
    const ids = Array.from({ length: 5_000 }, () => {
      const [id] = add(pending)
      pending.delete(id)
      return id
    })
    expect(new Set([first, ...ids]).size).toBe(5_001)
    add(pending)
    expect(pending.get(first)).toBeUndefined()
    for (const id of ids) expect(pending.get(id)).toBeUndefined()
  })

  it('leave a call that waits long where it is, while ids pass it by', () => {
    const pending = new PendingCalls()
    const [waiting, kept] = add(pending)
    for (let i = 0; i < 5_000; i++) {
      const [id] = add(pending)
      pending.delete(id)
    }
    expect(pending.get(waiting)).toBe(kept)
    expect(pending.size).toBe(1)
  })

  it('are counted by the member that was asked, and watched until they are deleted', () => {
    const pending = new PendingCalls()
    const pace = new Pace()
    const ids = Array.from({ length: 1_500 }, () => add(pending, pace)[0])
    for (const id of ids) pending.watch(id, id + 0.5)
    for (const id of ids.slice(0, 1_000)) pending.delete(id)
    pending.delete(ids[0] as number)
    expect(pace.open).toBe(500)
    const watched: number[] = []
    pending.forEachWatched((_call, id, since) => {
      expect(since).toBe(id + 0.5)
      watched.push(id)
    })
    expect(watched.sort((x, y) => x - y)).toEqual(ids.slice(1_000))
  })

  it('may be added to and deleted from while they are visited', () => {
    const pending = new PendingCalls()
    const first = Array.from({ length: 400 }, () => add(pending)[0])
    const visited: number[] = []
    pending.forEach((_call, id) => {
      visited.push(id)
      pending.delete(id)
      add(pending)
      add(pending)
    })
    expect(visited.filter(id => first.includes(id))).toEqual(first)
    expect(pending.size).toBe(400 - visited.length + 2 * visited.length)
    for (const id of visited) expect(pending.get(id)).toBeUndefined()
  })
})
