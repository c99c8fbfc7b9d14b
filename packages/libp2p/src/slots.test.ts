import { describe, expect, it } from 'vitest'
import { Slots } from './slots.ts'

const { signal } = new AbortController()

describe('slots', () => {
  it('give so many turns at once, the others in their order', async () => {
    const slots = new Slots(2)
    const [first, second] = [await slots.take(signal), await slots.take(signal)]
    const taken: number[] = []
    const later = [3, 4, 5].map(async i => {
      const release = await slots.take(signal)
      taken.push(i)
      return release
    })
    await Promise.resolve()
    expect(taken).toEqual([])
    first()
    await later[0]
    // A turn ends once.
    first()
    await new Promise(setImmediate)
    expect(taken).toEqual([3])
    second()
    const release = (await later[0]) as () => void
    release()
    for (const one of later.slice(1)) (await one)()
    expect(taken).toEqual([3, 4, 5])
    await slots.take(signal)
    await slots.take(signal)
  })

  it('let go of one that gave up waiting', async () => {
    const slots = new Slots(1)
    const quick = new AbortController()
    const release = await slots.take(signal)
    const gaveUp = slots.take(quick.signal)
    const next = slots.take(signal)
    quick.abort(new Error('enough'))
    await expect(gaveUp).rejects.toThrow('enough')
    await expect(slots.take(quick.signal)).rejects.toThrow('enough')
    release()
    ;(await next)()
    await slots.take(signal)
  })
})
