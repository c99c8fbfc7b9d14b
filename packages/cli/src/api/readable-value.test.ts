import { describe, expect, it } from 'vitest'
import { readableValue } from './readable-value.ts'

describe('a value as a field of JSON', () => {
  it.each([
    ['text', 'grün', 'text/plain', { value: 'grün' }],
    ['text of unknown type', 'a,b', 'application/octet-stream', { value: 'a,b' }],
    ['text with a byte order mark', '\ufeffa', 'text/csv', { value: '\ufeffa' }],
    ['JSON', '{"a":[1]}', 'application/json; charset=utf-8', { value: { a: [1] } }],
    ['null', 'null', 'application/json', { value: null }],
    ['what only claims to be JSON', '{', 'application/json', { value: '{' }],
    ['nothing', '', 'text/plain', { value: '' }],
  ])('%s', (_what, text, contentType, expected) => {
    expect(readableValue(Buffer.from(text), contentType)).toEqual(expected)
  })

  it('bytes that are no text', () => {
    const bytes = Uint8Array.of(0xff, 0, 1)
    expect(readableValue(bytes, 'text/plain')).toEqual({ value: '/wAB', encoding: 'base64' })
  })
})
