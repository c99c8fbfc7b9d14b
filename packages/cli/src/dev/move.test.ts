import { describe, expect, it } from 'vitest'
import { moveOf } from './move.ts'
import type { Seen } from './traffic.ts'

function seen(owners: Record<string, string>, missing: string[] = []): Seen {
  const identical = Object.keys(owners).length - missing.length
  return { identical, local: 0, forwarded: identical, missing, owners: new Map(Object.entries(owners)) }
}

describe('what a change of the mesh did to the keys', () => {
  it('is who lost them and who has them now', () => {
    const { changed, share, readable } = moveOf(
      seen({ a: '1', b: '2', c: '1', d: '2' }),
      seen({ a: '1', b: '3', c: '1', d: '2' }, ['b']),
    )
    expect(changed).toEqual([{ key: 'b', from: '2', to: '3' }])
    expect(share).toBe('1 of 4 keys (25 %)')
    expect(readable).toBe('3 are read as before, 1 are misses; none is an error')
  })

  it('says so when nothing is missing', () => {
    expect(moveOf(seen({ a: '1' }), seen({ a: '2' })).readable).toBe('all 1 are read as before')
  })

  it('may not lose a key that kept its owner', () => {
    expect(() => moveOf(seen({ a: '1', b: '2' }), seen({ a: '1', b: '3' }, ['a']))).toThrow(
      /Key a kept its owner/,
    )
  })
})
