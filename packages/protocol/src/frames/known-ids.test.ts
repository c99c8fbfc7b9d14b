import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readId } from './known-ids.ts'
import { packSettled, unpackSettled } from './settled-body.ts'

const malformed = expect.objectContaining({ code: 'ERR_MALFORMED_FRAME' })

describe('ids in frames', () => {
  it('are read as they were written, whatever was read before in their place', () => {
    const id = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
    const one = fc.array(id, { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(one, fc.nat(8), (ids, before) => {
        for (const text of [...ids, ...ids]) {
          const encoded = new TextEncoder().encode(text)
          const bytes = new Uint8Array(before + encoded.length + 3).fill(0x61)
          bytes.set(encoded, before)
          expect(readId(bytes, before, before + encoded.length)).toBe(text)
          // What was read is no view of it.
          bytes.fill(0x62)
        }
      }),
    )
  })

  it('that are no text are refused, each time', () => {
    for (let i = 0; i < 2; i++) expect(() => readId(Uint8Array.of(0xff, 0xfe), 0, 2)).toThrow(malformed)
  })
})

describe('the ids of settled requests', () => {
  it('are whole', () => {
    const ids = [1, 0xffffffff, 0]
    const body = packSettled(ids)
    expect(unpackSettled(body)).toEqual(ids)
    expect(() => unpackSettled(body.subarray(1))).toThrow(malformed)
  })
})
