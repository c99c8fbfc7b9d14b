// Bytes and values that somebody with bad intentions, or a broken disk, would send.

import fc from 'fast-check'

/** Heads of every MessagePack type, and the numbers of extensions: what makes noise look like structure. */
const TELLING = [
  0x00, 0x01, 0x02, 0x04, 0x08, 0x40, 0x41, 0x42, 0x65, 0x69, 0x70, 0x72, 0x73, 0x74, 0x78, 0x7f, 0x80, 0x81,
  0x82, 0x90, 0x91, 0x92, 0x93, 0xa0, 0xa1, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca,
  0xcb, 0xcc, 0xcd, 0xce, 0xcf, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xde, 0xdf,
  0xe0, 0xff,
]

const anyByte = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...TELLING) }, fc.nat(255))

export const anyNoise: fc.Arbitrary<Uint8Array> = fc
  .array(anyByte, { maxLength: 40, size: 'max' })
  .map(bytes => Uint8Array.from(bytes))

const anyCut = fc.record({ at: fc.nat(), drop: fc.nat(2), put: fc.array(anyByte, { maxLength: 2 }) })

/** Some of these bytes with a few bytes changed, left out or put in. */
export function anyMutation(of: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  return fc.tuple(of, fc.array(anyCut, { minLength: 1, maxLength: 3 })).map(([bytes, cuts]) => {
    const list = [...bytes]
    for (const { at, drop, put } of cuts) list.splice(at % (list.length + 1), drop, ...put)
    return Uint8Array.from(list)
  })
}

/** Values of every type, those that break naive checks among them. */
export const ODDITIES: readonly unknown[] = [
  null,
  true,
  -1,
  0.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  2 ** 53,
  1e300,
  2 ** 40,
  7n,
  2n ** 63n,
  '',
  'x'.repeat(300),
  '\ud800',
  '__proto__',
  'toString',
  [],
  [[]],
  [null],
  ['a', 1],
  new Array(5000).fill(0),
  { toString: 1, valueOf: 1 },
  JSON.parse('{"__proto__":{"length":1}}'),
  new Uint8Array(3),
]

/** A deep copy of nested arrays with one element, at any depth, exchanged. */
export function exchanged(tree: unknown, path: readonly number[], odd: unknown): unknown {
  const [at, ...rest] = path
  if (at === undefined || !Array.isArray(tree) || tree.length === 0) return odd
  const index = at % (tree.length + 1)
  if (index === tree.length) return rest.length === 0 ? tree.slice(0, -1) : odd
  return tree.map((item, i) => (i === index ? exchanged(item, rest, odd) : item))
}
