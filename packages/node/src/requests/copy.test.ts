import { describe, expect, it } from 'vitest'
import { copyOf } from './copy.ts'

describe('a copy of a value', () => {
  it('has the bytes of the original, whatever its size', () => {
    for (const size of [0, 1, 7, 8, 100, 1_023, 1_024, 1_025, 100_000]) {
      const original = Uint8Array.from({ length: size }, (_, i) => i)
      expect(copyOf(original)).toEqual(original)
    }
  })

  it('shares no byte with the original or with another copy', () => {
    const original = new Uint8Array(100).fill(1)
    const copies = Array.from({ length: 1_000 }, () => copyOf(original))
    copies.forEach((copy, i) => {
      copy.fill(i)
    })
    copies.forEach((copy, i) => {
      expect(copy.every(byte => byte === (i & 0xff))).toBe(true)
    })
    expect(original.every(byte => byte === 1)).toBe(true)
  })

  it('is a plain Uint8Array, also of a Buffer, aligned for wider views', () => {
    for (const size of [3, 100, 2_000]) {
      const copy = copyOf(Buffer.alloc(size))
      expect(Object.getPrototypeOf(copy)).toBe(Uint8Array.prototype)
      expect(copy.byteOffset % 8).toBe(0)
    }
  })

  it('cannot take the memory of other copies to another thread', () => {
    const copy = copyOf(new Uint8Array(100))
    const other = copyOf(new Uint8Array(100).fill(5))
    expect(() => structuredClone(copy, { transfer: [copy.buffer as ArrayBuffer] })).toThrow()
    expect(other[0]).toBe(5)
  })
})
