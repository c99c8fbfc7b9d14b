import { hashKey, qualifyKey } from '@cachemesh/protocol'
import { describe, expect, it } from 'vitest'
import type { Call } from './call.ts'
import { Openings } from './openings.ts'

const KEY = qualifyKey('default', 'key')

function waiting(deadline: number, kind: 'get' | 'load' = 'get'): Call {
  const request = { kind, key: KEY, hash: hashKey(KEY) } as const
  const ends = { answered: () => {}, served: () => {}, failedWith: () => {} }
  return { request, hops: [], deadline, failed: [], to: '', sentAt: 0, ...ends }
}

describe('calls that wait for a link', () => {
  it('wait each for as long as it can, and all no longer than a link may take', () => {
    const openings = new Openings()
    const [hurried, patient] = [waiting(1_000), waiting(5_000)]
    openings.add('a', hurried, { since: 0, until: 300 })
    openings.add('a', patient, { since: 10, until: 4_000 })
    const at = (ms: number) => ({ now: ms, listened: ms, patienceMs: () => 1_000 })
    expect(openings.sweep(at(300))).toEqual([])
    expect(openings.sweep(at(301))).toEqual([hurried])
    expect(openings.hasFailed('a', 'get')).toBe(false)
    expect(openings.sweep(at(1_000))).toEqual([])
    expect(openings.sweep(at(1_001))).toEqual([patient])
    expect([openings.has('a'), openings.hasFailed('a', 'get')]).toEqual([false, true])
    openings.sweep(at(3_001))
    expect(openings.any).toBe(false)
  })

  it('wait longer when they load: somebody else would load the same', () => {
    const openings = new Openings()
    const [read, load] = [waiting(5_000), waiting(5_000, 'load')]
    openings.add('a', read, { since: 0, until: 4_000 })
    openings.add('a', load, { since: 0, until: 4_000 })
    const at = (ms: number) => ({ now: ms, listened: ms, patienceMs: () => 300 })
    expect(openings.sweep(at(301))).toEqual([read])
    expect([openings.hasFailed('a', 'get'), openings.hasFailed('a', 'load')]).toEqual([true, false])
    expect(openings.sweep(at(1_000))).toEqual([])
    expect(openings.sweep(at(1_001))).toEqual([load])
    expect(openings.hasFailed('a', 'load')).toBe(true)
  })

  it('go when it is up, also to a member to which none could be opened before', () => {
    const openings = new Openings()
    const call = waiting(5_000)
    openings.add('a', call, { since: 0, until: 9_000 })
    openings.sweep({ now: 1, listened: 301, patienceMs: () => 300 })
    openings.add('a', call, { since: 301, until: 9_000 })
    expect(openings.opened('a')).toEqual([call])
    expect([openings.has('a'), openings.hasFailed('a', 'get')]).toEqual([false, false])
  })
})
