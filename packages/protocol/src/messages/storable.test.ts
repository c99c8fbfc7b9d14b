import { describe, expect, it } from 'vitest'
import { LIMITS } from '../limits.ts'
import { decodeValue, encodeValue } from './values.ts'

describe('what is no value', () => {
  const invalid = expect.objectContaining({ code: 'ERR_INVALID_VALUE' })
  const tooLarge = expect.objectContaining({ code: 'ERR_VALUE_TOO_LARGE' })
  const bad: Readonly<Record<string, () => unknown>> = {
    undefined: () => undefined,
    'a function': () => () => 1,
    'a symbol': () => Symbol('a'),
    'a function within': () => ({ a: [() => 1] }),
    'a class within': () => [class {}],
    'a symbol within': () => new Map([['a', Symbol('a')]]),
    'half a surrogate pair': () => '\ud800',
    'half a surrogate pair in a name': () => ({ 'a\udc00': 1 }),
    'half a surrogate pair in the message of an error': () => new Error('\ud800'),
    'a property named __proto__': () => JSON.parse('{"__proto__":{"a":1}}'),
    'a property named __keys__': () => [{ __keys__: 1 }],
    'a Map of a class of its own': () => new (class Own extends Map<number, number> {})([[1, 2]]),
    'a promise': () => [Promise.resolve(1)],
    'a WeakMap': () => new WeakMap(),
    'shared memory': () => new SharedArrayBuffer(4),
    'a boxed text': () => Object('a'),
    'a typed array of a class of its own': () => [new (class Own extends Float32Array {})(2)],
    'an error of many errors': () => new AggregateError([new Error('a')], 'b'),
    'an error named valueOf': () => Object.assign(new Error('a'), { name: 'valueOf' }),
    'an error with a message that is no text': () => Object.assign(new Error('a'), { message: { a: 1 } }),
    'an object that hides what is its own': () =>
      new (class {
        a = 1
        hasOwnProperty() {
          return false
        }
      })(),
    'an object with inherited properties and no prototype': () =>
      Object.create(Object.assign(Object.create(null), { a: 1 })),
    'a getter that throws': () => ({
      get a() {
        throw new TypeError('no')
      },
    }),
    'a toJSON that never comes to an end': () =>
      new (class Loop {
        toJSON() {
          return new Loop()
        }
      })(),
    'a BigInt of more than 1,024 bytes': () => 2n ** 8191n,
    'a negative BigInt of more than 1,024 bytes': () => -(2n ** 8191n) - 1n,
    '65 levels': () => nested(65),
  }
  for (const [what, value] of Object.entries(bad)) {
    it(`is refused: ${what}`, () => {
      expect(() => encodeValue(value())).toThrow(invalid)
    })
  }

  it('is not 64 levels', () => {
    const { value, contentType } = encodeValue(nested(64))
    expect(decodeValue(value, contentType)).toEqual(nested(64))
  })

  it('is refused for its size before it is written anywhere', () => {
    const { valueBytesMax } = LIMITS
    const sparse: unknown[] = []
    sparse.length = 2 ** 32 - 1
    const long = 'x'.repeat(valueBytesMax / 4)
    for (const value of [
      new Uint8Array(valueBytesMax + 1),
      [new ArrayBuffer(valueBytesMax)],
      sparse,
      'x'.repeat(valueBytesMax + 1),
      [long, long, long, long],
    ]) {
      expect(() => encodeValue(value)).toThrow(tooLarge)
    }
  })
})

/** So many arrays in one another. */
function nested(levels: number): unknown {
  let value: unknown[] = []
  for (let i = 1; i < levels; i++) value = [value]
  return value
}
