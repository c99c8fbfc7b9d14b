import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hashKey, mix32, murmur3 } from './hash.ts'

describe('murmur3', () => {
  // Published test values of MurmurHash3_x86_32.
  it.each([
    ['', 0, 0],
    ['', 1, 0x514e28b7],
    ['', 0xffffffff, 0x81f16f39],
    ['a', 0x9747b28c, 0x7fa09ea6],
    ['aa', 0x9747b28c, 0x5d211726],
    ['aaa', 0x9747b28c, 0x283e0130],
    ['aaaa', 0x9747b28c, 0x5a97808a],
    ['abc', 0, 0xb3dd93fa],
    ['test', 0, 0xba6bd213],
    ['test', 0x9747b28c, 0x704b81dc],
    ['Hello, world!', 0, 0xc0363e43],
    ['Hello, world!', 0x9747b28c, 0x24884cba],
    ['The quick brown fox jumps over the lazy dog', 0, 0x2e4ff723],
    ['The quick brown fox jumps over the lazy dog', 0x9747b28c, 0x2fa826cd],
    ['ππππππππ', 0x9747b28c, 0xd58063c1],
  ])('of %j with seed %i is the published value', (text, seed, hash) => {
    expect(murmur3(text, seed)).toBe(hash)
  })

  it('reads any string as TextEncoder writes it, lone surrogates included', () => {
    const unit = fc.oneof(
      fc.integer({ min: 0, max: 0x7f }),
      fc.integer({ min: 0x80, max: 0xffff }),
      fc.integer({ min: 0xd800, max: 0xdfff }),
    )
    const anyUnits = fc.array(unit, { maxLength: 24 }).map(units => String.fromCharCode(...units))
    const text = fc.oneof(anyUnits, fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }))
    fc.assert(
      fc.property(text, fc.integer({ min: 0, max: 0xffffffff }), (value, seed) => {
        expect(murmur3(value, seed)).toBe(murmur3OfBytes(new TextEncoder().encode(value), seed))
      }),
      { numRuns: 2000 },
    )
  })

  it('takes half a surrogate pair for U+FFFD', () => {
    expect(hashKey('\ud800')).toBe(hashKey('\ufffd'))
    expect(hashKey('ab\udc00c')).toBe(hashKey('ab\ufffdc'))
    expect(hashKey('abc\ud83d')).toBe(hashKey('abc\ufffd'))
    expect(hashKey('\udc00\ud800')).toBe(hashKey('\ufffd\ufffd'))
    expect(hashKey('abcd\ud800\ud83d\ude42')).toBe(hashKey('abcd\ufffd\ud83d\ude42'))
  })
})

describe('mix32', () => {
  it('takes and gives unsigned 32 bit integers', () => {
    expect(mix32(0)).toBe(0)
    expect(mix32(1)).toBe(0x514e28b7)
    expect(mix32(-1)).toBe(mix32(0xffffffff))
  })
})

// The algorithm as published, over bytes and in exact integers: slow, and nothing shared with hash.ts.
function murmur3OfBytes(bytes: Uint8Array, seed: number): number {
  const word = (value: bigint) => value & 0xffffffffn
  const rotate = (value: bigint, by: bigint) => word((value << by) | (value >> (32n - by)))
  const scramble = (block: bigint) => word(rotate(word(block * 0xcc9e2d51n), 15n) * 0x1b873593n)
  const littleEndian = (part: Uint8Array) => part.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
  const blocks = bytes.length - (bytes.length % 4)
  let h = BigInt(seed)
  for (let i = 0; i < blocks; i += 4) {
    h = word(rotate(h ^ scramble(littleEndian(bytes.subarray(i, i + 4))), 13n) * 5n + 0xe6546b64n)
  }
  h ^= scramble(littleEndian(bytes.subarray(blocks)))
  h ^= BigInt(bytes.length)
  h = word((h ^ (h >> 16n)) * 0x85ebca6bn)
  h = word((h ^ (h >> 13n)) * 0xc2b2ae35n)
  return Number(h ^ (h >> 16n))
}
