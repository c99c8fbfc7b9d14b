import { describe, expect, it } from 'vitest'
import { Fence } from './fence.ts'
import { Watched } from './watched.ts'

const known = () => true

function paused() {
  const linked = new Set(['a', 'b'])
  const watched = new Watched()
  const fence = new Fence({ linked, watched })
  watched.sent(1, 5_000)
  fence.raise(10_000)
  return { linked, watched, fence }
}

describe('a node that paused', () => {
  it('waits for a round trip that began after the pause', () => {
    const { watched, fence } = paused()
    watched.repeated('a', 1)
    expect(fence.state(10_001, known, true)).toBe('waiting')
    watched.sent(2, 10_000)
    watched.repeated('a', 2)
    expect(fence.state(10_002, () => false, true)).toBe('waiting')
    expect(fence.state(10_003, known, true)).toBe('open')
    expect(fence.state(99_000, () => false, true)).toBe('open')
  })

  it('takes the answer of somebody to whom it has a new link, and of nobody whose link is gone', () => {
    const { linked, watched, fence } = paused()
    watched.sent(2, 10_000)
    watched.repeated('a', 2)
    linked.delete('a')
    fence.linkDown('a')
    expect(fence.state(10_001, known, true)).toBe('waiting')
    fence.linkUp('b')
    expect(fence.state(10_002, known, true)).toBe('open')
  })

  it('answers without certainty after a second, until somebody answers, or there is nobody else', () => {
    const { fence } = paused()
    fence.asked(10_000)
    expect(fence.askAt).toBe(11_000)
    expect(fence.state(10_999, known, true)).toBe('waiting')
    expect(fence.state(11_000, known, true)).toBe('unproven')
    expect(fence.state(40_000, known, false)).toBe('open')
    expect(fence.askAt).toBe(Number.POSITIVE_INFINITY)
  })
})
