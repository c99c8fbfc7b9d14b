import { describe, expect, it } from 'vitest'
import { Watched } from './watched.ts'

describe('who is heard by those who watch it', () => {
  it('is so when more than half of them repeated what was sent of late', () => {
    const watched = new Watched()
    const observers = ['a', 'b', 'c', 'd']
    watched.sent(1, 1_000)
    for (const peer of ['a', 'b']) watched.repeated(peer, 1)
    expect(watched.byMost(observers, 1_000)).toBe(false)
    watched.repeated('c', 1)
    expect(watched.byMost(observers, 1_000)).toBe(true)
    expect(watched.byMost(observers, 1_001)).toBe(false)
    expect(watched.byMost([], 0)).toBe(false)
  })

  it('counts from when it was sent: an answer that waited through a pause says nothing', () => {
    const watched = new Watched()
    watched.sent(1, 0)
    // Number 2 was urgent, between two rounds. The process stands still for a minute, then reads what came before.
    watched.repeated('a', 2)
    expect(watched.byMost(['a'], 57_000)).toBe(false)
    watched.sent(3, 60_000)
    watched.repeated('a', 3)
    expect(watched.byMost(['a'], 57_000)).toBe(true)
  })

  it('is not when the link is closed, nor by rounds that are forgotten', () => {
    const watched = new Watched()
    for (let seq = 1; seq <= 20; seq++) watched.sent(seq, seq * 1_000)
    watched.repeated('a', 4)
    expect(watched.byMost(['a'], 0)).toBe(false)
    watched.repeated('a', 20)
    expect(watched.byMost(['a'], 20_000)).toBe(true)
    watched.closed('a')
    expect(watched.byMost(['a'], 0)).toBe(false)
  })
})
