import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { writePositions } from './positions.ts'
import { Ring } from './ring.ts'
import { compareIds } from './roster.ts'

describe('bounds', () => {
  const refused = { name: 'CacheMeshError', code: 'ERR_INVALID_ARGUMENT' }
  const idle = (count: number) => Array.from({ length: count }, (_, i) => ({ id: `${i}`, weight: 0 }))

  it.each([Number.NaN, -0.1, 100.1, Number.POSITIVE_INFINITY, '1' as unknown as number])(
    'refuse a weight of %s',
    weight => {
      expect(() => Ring.build([{ id: 'a', weight }])).toThrow(expect.objectContaining(refused))
    },
  )

  it.each([-1, 0.5, 2 ** 32, Number.NaN])('refuse an override at %s', position => {
    expect(() => Ring.build([{ id: 'a', weight: 1 }], [{ position, members: ['a'] }])).toThrow(
      expect.objectContaining(refused),
    )
  })

  it('refuse a member named twice', () => {
    expect(() => Ring.build([...idle(3), ...idle(1)])).toThrow(expect.objectContaining(refused))
  })

  it('refuse more members and overrides than there are codes, and take as many', () => {
    const override = { position: 1, members: ['7'] }
    expect(Ring.build(idle(65_535)).members.length).toBe(65_535)
    expect(() => Ring.build(idle(65_536))).toThrow(expect.objectContaining(refused))
    expect(() => Ring.build(idle(65_535), [override])).toThrow(expect.objectContaining(refused))
  })

  it('tell owners apart up to the last index', () => {
    const who = idle(65_534).map((member, i) => ({ ...member, weight: i % 4096 === 0 ? 0.001 : 0 }))
    const last = { id: 'z', weight: 0.001 }
    const ring = Ring.build([...who, last])
    const positions = new Uint32Array(1)
    writePositions('z', positions, 0, 1)
    const owner = ring.ownerIndex(positions[0]!)
    expect(owner).toBe(65_534)
    expect(ring.members[owner]).toBe('z')
  })

  it('refuse more positions than a ring holds before making any', () => {
    const heavy = idle(82).map(member => ({ ...member, weight: 100 }))
    expect(() => Ring.build(heavy)).toThrow(expect.objectContaining(refused))
  })
})

describe('compareIds', () => {
  it('orders as the bytes of UTF-8 do', () => {
    const text = fc.string({ unit: 'binary', maxLength: 3 })
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(compareIds(a, b))).toBe(Math.sign(compareBytes(a, b)))
      }),
      { numRuns: 1000 },
    )
  })
})

function compareBytes(a: string, b: string): number {
  const [x, y] = [new TextEncoder().encode(a), new TextEncoder().encode(b)]
  const at = x.findIndex((byte, i) => byte !== y[i])
  return at === -1 ? x.length - y.length : x[at]! - (y[at] ?? -1)
}
