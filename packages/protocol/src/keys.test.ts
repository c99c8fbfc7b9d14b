import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CacheMeshError } from './errors.ts'
import {
  DEFAULT_NAMESPACE,
  hashQualified,
  keyPrefix,
  prefixKey,
  qualifyKey,
  splitKey,
  utf8Length,
} from './keys.ts'
import { LIMITS } from './limits.ts'
import { hashKey } from './placement/hash.ts'

const invalidKey = expect.objectContaining({ code: 'ERR_INVALID_KEY' })
const invalidNamespace = expect.objectContaining({ code: 'ERR_INVALID_NAMESPACE' })

const anyNamespace = fc.oneof(fc.constant(DEFAULT_NAMESPACE), fc.stringMatching(/^[A-Za-z0-9._-]{1,64}$/))
const anyPart = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 5 }),
  fc.constantFrom('\0', '\0a\0', 'default', '\ufeff'),
)
const anyKey = fc
  .array(anyPart, { minLength: 1, maxLength: 4 })
  .map(parts => parts.join(''))
  .filter(key => key !== '')
const anyPair = fc.record({ namespace: anyNamespace, key: anyKey })

const qualified = ({ namespace, key }: { namespace: string; key: string }) =>
  qualifyKey(keyPrefix(namespace), key)

describe('a qualified key', () => {
  it('says its namespace and key again', () => {
    fc.assert(
      fc.property(anyPair, pair => {
        expect(splitKey(qualified(pair))).toEqual(pair)
      }),
      { numRuns: 500 },
    )
  })

  it('is that of one namespace and key only', () => {
    fc.assert(
      fc.property(anyPair, anyPair, (a, b) => {
        const same = a.namespace === b.namespace && a.key === b.key
        expect(qualified(a) === qualified(b)).toBe(same)
      }),
      { numRuns: 500 },
    )
  })

  it('is the key itself in the default namespace, unless that begins with NUL', () => {
    expect(qualified({ namespace: 'default', key: 'a\0b' })).toBe('a\0b')
    expect(qualified({ namespace: 'default', key: '\0a' })).toBe('\0default\0\0a')
    expect(qualified({ namespace: 'users', key: '42' })).toBe('\0users\x0042')
  })

  it('that anybody makes up is split into a pair that makes it again, or refused', () => {
    fc.assert(
      fc.property(anyKey, text => {
        let pair: { namespace: string; key: string }
        try {
          pair = splitKey(text)
        } catch (error) {
          expect(error).toBeInstanceOf(CacheMeshError)
          expect(error).toEqual(invalidKey)
          return
        }
        expect(qualified(pair)).toBe(text)
      }),
      { numRuns: 1000 },
    )
  })

  for (const text of [
    '',
    '\0',
    '\0abc',
    '\0\0a',
    '\0users\0',
    '\0us ers\0a',
    '\0default\0a',
    `\0${'x'.repeat(65)}\0a`,
  ]) {
    it(`is not ${JSON.stringify(text)}`, () => {
      expect(() => splitKey(text)).toThrow(invalidKey)
    })
  }
})

describe('a key', () => {
  it('may take 4,096 bytes with its namespace, in any script', () => {
    const { keyBytesMax } = LIMITS
    for (const [namespace, character, bytes] of [
      ['default', 'x', 1],
      ['default', 'ö', 2],
      ['default', '語', 3],
      ['default', '🗝', 4],
      ['users', 'ö', 2],
    ] as const) {
      const count = Math.floor((keyBytesMax - keyPrefix(namespace).length) / bytes)
      expect(qualified({ namespace, key: character.repeat(count) })).toBeDefined()
      expect(() => qualified({ namespace, key: character.repeat(count + 1) })).toThrow(invalidKey)
    }
  })

  it('is hashed as any text, and refused when it holds half a surrogate pair', () => {
    for (const prefix of ['', keyPrefix('users')]) {
      for (const key of ['a', 'key 1', 'ö', 'abcdö', '🗝', '語'.repeat(9)])
        expect(hashQualified(prefixKey(prefix, key))).toBe(hashKey(qualifyKey(prefix, key)))
      for (const key of ['\ud800', 'a\udc00b', 'abcd\udc00', '🗝\ud83d']) {
        expect(() => hashQualified(prefixKey(prefix, key))).toThrow(invalidKey)
        expect(() => qualifyKey(prefix, key)).toThrow(invalidKey)
      }
    }
  })

  it('is refused when it is no text, empty, or holds half a surrogate pair', () => {
    for (const key of ['', '\ud800', 'a\udc00b', 7, null, undefined, {}, Symbol('a'), 7n]) {
      expect(() => qualifyKey('', key as string)).toThrow(invalidKey)
    }
  })
})

describe('a namespace', () => {
  it('is refused when it is anything but 1 to 64 plain characters', () => {
    const circle: unknown[] = []
    circle.push(circle)
    for (const namespace of [
      '',
      'x'.repeat(65),
      'a b',
      'a/b',
      'ö',
      'a\n',
      '\0',
      7,
      7n,
      null,
      undefined,
      {},
      circle,
      Symbol('a'),
    ]) {
      expect(() => keyPrefix(namespace as string)).toThrow(invalidNamespace)
    }
  })
})

describe('utf8Length', () => {
  it('counts what TextEncoder writes, for half a surrogate pair too', () => {
    const anyUnit = fc
      .oneof(fc.nat(0x7ff), fc.integer({ min: 0xd7f0, max: 0xe010 }))
      .map(unit => String.fromCharCode(unit))
    fc.assert(
      fc.property(fc.array(anyUnit, { maxLength: 8 }), units => {
        const text = units.join('')
        expect(utf8Length(text)).toBe(new TextEncoder().encode(text).length)
      }),
      { numRuns: 500 },
    )
  })
})
