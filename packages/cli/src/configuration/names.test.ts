import { describe, expect, it } from 'vitest'
import { readPlace, readValue, showValue } from './names.ts'

describe('a name of the configuration', () => {
  it.each([
    ['ttlMs', 'settings', 'ttlMs'],
    ['settings/a/b', 'settings', 'a/b'],
    ['namespaces/users', 'namespaces', 'users'],
    ['stores/db', 'stores', 'db'],
    ['placements/7', 'placements', '7'],
    ['member/weight', 'member', 'weight'],
  ])('%s', (text, group, name) => expect(readPlace(text)).toEqual({ group, name }))

  it.each(['members/a', 'namespaces/', '/a', 'setting/ttlMs'])('%s is none', text => {
    expect(() => readPlace(text)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }))
  })
})

describe('a value of the configuration', () => {
  it.each([
    ['5', 5],
    ['5m', '5m'],
    ['"5"', '5'],
    ['null', null],
    ['{"ttlMs":"5m"}', { ttlMs: '5m' }],
    ['{', '{'],
    ['', ''],
  ])('%j', (text, value) => expect(readValue(text)).toEqual(value))

  it('is shown as text or JSON', () => {
    expect([showValue('a b'), showValue({ a: 'b' }), showValue(5)]).toEqual(['a b', '{"a":"b"}', '5'])
  })
})
