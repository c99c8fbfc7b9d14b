import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CacheMeshError } from '../errors.ts'
import { anyMutation, anyNoise } from './testing/hostile.ts'
import { BYTES, checkValue, decodeValue, encodeValue, STRUCTURED } from './values.ts'

const VIEWS = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  DataView,
] as const

const anyName = fc
  .oneof(
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.constantFrom('constructor', 'toString', 'hasOwnProperty', '0', 'a b'),
  )
  .filter(name => name !== '__proto__' && name !== '__keys__')

const anyScalar: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(
    null,
    undefined,
    true,
    false,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    2 ** 31,
    2 ** 32,
    -(2 ** 31) - 1,
    2 ** 53,
  ),
  fc.integer({ min: -70_000, max: 70_000 }),
  fc.double().map(number => number + 0), // -0 comes back as 0
  fc.bigInt(),
  fc.bigInt({ min: -(2n ** 8191n), max: 2n ** 8191n - 1n }),
  fc.constantFrom(2n ** 63n, 2n ** 64n, -(2n ** 63n), -(2n ** 63n) - 1n, 2n ** 127n, -(2n ** 64n)),
  fc.string({ unit: 'grapheme', maxLength: 80 }),
  fc.constantFrom('\ufeffmarked', 'x'.repeat(31), 'x'.repeat(32), 'ö'.repeat(300), '語'.repeat(22_000)),
  fc.date({ noInvalidDate: false }),
  fc.constantFrom(/a+/giu, /[/\n]/, new Error('plain'), new RangeError('typed', { cause: { deep: [1] } })),
  fc.tuple(fc.constantFrom(...VIEWS), fc.uint8Array({ maxLength: 5 })).map(([View, { length }]) => {
    const { buffer } = new Uint8Array(8 * length).map((_, i) => i * 37)
    return new (View as Uint8ArrayConstructor)(buffer)
  }),
  fc.uint8Array({ maxLength: 300 }).map(({ buffer }) => buffer),
)

const { value: anyValue } = fc.letrec<{ value: unknown }>(tie => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    anyScalar,
    fc.array(tie('value'), { maxLength: 6 }),
    fc.dictionary(anyName, tie('value'), { maxKeys: 5, noNullPrototype: true }),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 4 }).map(pairs => new Map(pairs)),
    fc.array(tie('value'), { maxLength: 4 }).map(items => new Set(items)),
  ),
}))

/** Records of many shapes: more than the encoder has numbers for, so that it defines some again. */
const anyShapes = fc
  .tuple(
    fc.integer({ min: 1, max: 150 }),
    fc.array(fc.nat(149), { minLength: 1, maxLength: 300, size: 'max' }),
  )
  .map(([shapes, picks]) =>
    picks.map((pick, i) =>
      i % 7 === 0
        ? { [`outer ${pick % shapes}`]: { [`inner ${i % shapes}`]: i } }
        : { [`name ${pick % shapes}`]: i, both: pick },
    ),
  )

describe('a value', () => {
  it('comes back as a structured clone would, and passes the check of a receiver', () => {
    fc.assert(
      fc.property(
        fc.oneof({ weight: 5, arbitrary: anyValue }, { weight: 1, arbitrary: anyShapes }),
        value => {
          fc.pre(value !== undefined && !(value instanceof Uint8Array))
          const before = structuredClone(value)
          const encoded = encodeValue(value)
          checkValue(encoded.value, encoded.contentType)
          const decoded = decodeValue(encoded.value, encoded.contentType)
          expect(isDeepStrictEqual(value, before)).toBe(true)
          expect(isDeepStrictEqual(withoutStacks(decoded), withoutStacks(before))).toBe(true)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('is stored in memory of its own, which neither what was given nor what is handed out reaches', () => {
    const given = {
      bytes: Buffer.from('abc'),
      list: [1],
      view: new Float64Array([1]),
      nested: new Map([['a', { b: 1 }]]),
    }
    const { value, contentType } = encodeValue(given)
    const stored = Uint8Array.from(value)
    expect(value.buffer.byteLength).toBe(value.length)
    given.bytes.fill(0)
    given.list.push(2)
    const first = decodeValue(value, contentType) as typeof given
    first.bytes.fill(0)
    first.view.fill(0)
    first.nested.clear()
    expect([value, Object.keys(value)]).toEqual([stored, Object.keys(stored)])
    expect(decodeValue(value, contentType)).toEqual({
      bytes: Uint8Array.of(97, 98, 99),
      list: [1],
      view: new Float64Array([1]),
      nested: new Map([['a', { b: 1 }]]),
    })
    encodeValue('x'.repeat(10_000))
    expect(value).toEqual(stored)
  })

  it('that is bytes stays bytes, copied on both ways, and is never a Buffer', () => {
    const given = Buffer.from('abc')
    const { value, contentType } = encodeValue(given)
    given.fill(0)
    const first = decodeValue(value, contentType) as Uint8Array
    first.fill(1)
    const second = decodeValue(value, contentType)
    expect([contentType, second]).toEqual([BYTES, Uint8Array.of(97, 98, 99)])
    for (const bytes of [value, first, second])
      expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype)
    const view = new Uint8Array(1000).subarray(10, 20)
    expect(encodeValue(view).value.buffer.byteLength).toBe(10)
  })

  it('keeps what is the same object the same, round in circles too', () => {
    const shared = { at: new Date(5) }
    const circle: Record<string, unknown> = {
      shared,
      list: [shared, new Set([shared]), new Map([[shared, shared]])],
    }
    circle.self = circle
    const back = roundTrip(circle) as {
      shared: unknown
      self: unknown
      list: [unknown, Set<unknown>, Map<unknown, unknown>]
    }
    expect(back.self).toBe(back)
    expect(back.list[0]).toBe(back.shared)
    expect([...back.list[1]][0]).toBe(back.shared)
    expect([...back.list[2]][0]).toEqual([back.shared, back.shared])
    expect([...back.list[2]][0]?.[1]).toBe(back.shared)
  })

  it('of one object in very many places is small, and quick to write and to read', () => {
    let value: unknown = ['bottom']
    for (let i = 0; i < 60; i++) value = [value, value]
    const { value: bytes } = encodeValue(value)
    expect(bytes.length).toBeLessThan(1000)
    let back = roundTrip(value) as unknown[]
    for (let i = 0; i < 60; i++) back = back[i % 2] as unknown[]
    expect(back).toEqual(['bottom'])
  })

  it('of a class of its own becomes a plain object of its own properties, or what it says in toJSON', () => {
    class Point {
      x = 1
      readonly #hidden = 2
      get sum() {
        return this.x + this.#hidden
      }
    }
    class Money {
      readonly #cents = 250
      toJSON() {
        return { cents: this.#cents }
      }
    }
    expect(roundTrip([new Point(), new Money(), new URL('http://a/b')])).toEqual([
      { x: 1 },
      { cents: 250 },
      'http://a/b',
    ])
    expect(roundTrip(Object.assign(Object.create(null), { a: 1 }))).toEqual({ a: 1 })
  })

  it('may have more properties than a short array has items', () => {
    const wide = Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [`k${i}`, i]))
    expect(roundTrip(wide)).toEqual(wide)
  })

  it('may be encoded while another one is', () => {
    const nosy = {
      before: 1,
      get inner() {
        return encodeValue({ before: 2, other: [3] }).value
      },
      after: { before: 4 },
    }
    const back = roundTrip(nosy) as { inner: Uint8Array; after: unknown }
    expect(decodeValue(back.inner, STRUCTURED)).toEqual({ before: 2, other: [3] })
    expect(back.after).toEqual({ before: 4 })
  })

  it('that was refused leaves nothing behind in the next', () => {
    const refused = () => encodeValue([{ a: 1, b: () => 1 }])
    expect(refused).toThrow(CacheMeshError)
    expect(() => encodeValue({ a: 1, __keys__: 2 })).toThrow(CacheMeshError)
    expect(roundTrip([{ a: 1, b: 2 }, { a: 1 }, { b: 1, a: 2 }])).toEqual([
      { a: 1, b: 2 },
      { a: 1 },
      { b: 1, a: 2 },
    ])
  })
})

describe('bytes from elsewhere', () => {
  const corpus = [
    { id: 1, name: 'a', list: [1, { id: 2, name: 'b', list: [] }, { id: 3, name: 'c', list: [] }] },
    (() => {
      const shared: unknown[] = [1]
      return [
        shared,
        shared,
        new Set([shared, 1]),
        new Map<unknown, unknown>([
          ['k', shared],
          [shared, 2],
        ]),
      ]
    })(),
    [
      new Error('e', { cause: [1] }),
      /a+/g,
      new Date(5),
      new Date(Number.NaN),
      2n ** 100n,
      new Float64Array(2),
      undefined,
    ],
    Array.from({ length: 150 }, (_, i) => ({ [`k${i % 70}`]: i })),
    'x'.repeat(300),
  ].map(value => encodeValue(value).value)

  it('that pass the check are read to their end, or refused as damaged, and nothing else', () => {
    let taken = 0
    fc.assert(
      fc.property(
        fc.oneof(
          { weight: 3, arbitrary: anyMutation(fc.constantFrom(...corpus)) },
          { weight: 1, arbitrary: anyNoise },
        ),
        bytes => {
          const refusal = errorOf(() => checkValue(bytes, STRUCTURED))
          const damage = errorOf(() => decodeValue(bytes, STRUCTURED))
          if (refusal !== undefined) expect(refusal).toMatchObject({ code: 'ERR_MALFORMED_MESSAGE' })
          if (damage !== undefined) expect(damage).toMatchObject({ code: 'ERR_INVALID_VALUE' })
          if (refusal !== undefined) return
          taken++
          // The check walks as the decoder does: the decoder may find a pattern wrong, but never the end.
          if (damage !== undefined) expect(damage.cause).toBeInstanceOf(SyntaxError)
        },
      ),
      { numRuns: 1500 },
    )
    expect(taken).toBeGreaterThan(10)
  })

  it('of another content type are bytes, and not looked at', () => {
    const noise = Uint8Array.of(0xc1)
    checkValue(noise, 'image/png')
    expect(decodeValue(noise, 'image/png')).toEqual(noise)
  })
})

function roundTrip(value: unknown): unknown {
  const encoded = encodeValue(value)
  checkValue(encoded.value, encoded.contentType)
  return decodeValue(encoded.value, encoded.contentType)
}

function errorOf(run: () => unknown): CacheMeshError | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    expect(error).toBeInstanceOf(CacheMeshError)
    return error as CacheMeshError
  }
}

/** Errors come back with the stack of the reader; everything else of them is compared. */
function withoutStacks(value: unknown): unknown {
  const seen = new Set<unknown>()
  const visit = (item: unknown): void => {
    if (typeof item !== 'object' || item === null || seen.has(item)) return
    seen.add(item)
    if (item instanceof Error) item.stack = ''
    if (item instanceof Error && item.cause === undefined) delete item.cause
    if (item instanceof Map) for (const entry of item) entry.forEach(visit)
    else if (item instanceof Set) item.forEach(visit)
    else if (!ArrayBuffer.isView(item)) Object.values(item).forEach(visit)
  }
  visit(value)
  return value
}
