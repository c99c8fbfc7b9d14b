import { author, Configuration } from '@cachemesh/protocol'
import { describe, expect, it } from 'vitest'
import { configurationOf, MESH, memberOf } from '../testing/members.ts'
import { type Change, checkChange, checkExpected, initialRecordsOf, recordsOf } from './change.ts'

const EMPTY = Configuration.empty(MESH)

function changed(mine: Configuration, change: Change, options?: { whole: boolean }): Configuration {
  return author(mine, recordsOf(change, mine, options), 1)
}

function said(configuration: Configuration): Record<string, unknown> {
  return Object.fromEntries(configuration.registers.map(({ name, json }) => [name, JSON.parse(json)]))
}

describe('a change', () => {
  it('writes what it names, leaves the rest, and removes with null', () => {
    const first = changed(EMPTY, { settings: { ttlMs: 5, later: { a: [1] } }, stores: { db: { url: 'x' } } })
    const second = changed(first, {
      settings: { ttlMs: 6, later: null },
      namespaces: { users: { ttlMs: 1 } },
    })
    expect(said(second)).toEqual({
      'namespaces/users': { ttlMs: 1 },
      'settings/later': null,
      'settings/ttlMs': 6,
      'stores/db': { url: 'x' },
    })
    expect(second.register('settings/ttlMs')?.counter).toBe(2)
    expect(second.version.serial).toBe(first.version.serial + 1)
  })

  it('of the whole removes what it does not name, but no member', () => {
    const first = changed(configurationOf(memberOf('a')), { settings: { ttlMs: 5 }, stores: { db: {} } })
    const second = changed(first, { settings: { leaseMs: 1 } }, { whole: true })
    expect(said(second)).toEqual({ 'settings/leaseMs': 1, 'settings/ttlMs': null, 'stores/db': null })
    expect(second.member('a')).toEqual(memberOf('a'))
  })

  it('that says what is there is none', () => {
    const first = changed(EMPTY, { settings: { ttlMs: 5, later: { b: 1, a: 2 } } })
    for (const change of [{ settings: { later: { a: 2, b: 1 } } }, { stores: { none: null } }, {}]) {
      expect(changed(first, change)).toBe(first)
    }
    expect(
      changed(changed(first, { settings: { ttlMs: null } }), { settings: { ttlMs: null } }).version.serial,
    ).toBe(2)
  })

  it.each<[string, unknown, RegExp]>([
    ['an unknown group', { members: {} }, /no "members"; there are settings, namespaces/],
    ['a group that is a list', { settings: [] }, /settings that are no object/],
    ['a setting out of bounds', { settings: { replicas: 99 } }, /setting replicas cannot be 99;.* 0 to 13/],
    ['a namespace’s setting', { namespaces: { a: { ttlMs: -1 } } }, /ttlMs of namespace a cannot be -1/],
    ['a mesh-wide setting in a namespace', { namespaces: { a: { timeoutMs: 50 } } }, /whole mesh only/],
    ['a namespace that is no object', { namespaces: { a: 5 } }, /namespace a that is no object/],
    ['a store that is no object', { stores: { db: 'url' } }, /data store "db"/],
    ['a placement nowhere', { placements: { '4294967296': { members: ['a'] } } }, /position/],
    ['a second spelling', { placements: { '007': { members: ['a'] } } }, /position/],
    ['a placement of nobody', { placements: { 7: { members: [] } } }, /without its members/],
    ['no name', { settings: { '': 1 } }, /no valid name/],
    ['a long name', { settings: { ['x'.repeat(300)]: 1 } }, /no valid name/],
    ['what JSON cannot say', { settings: { later: Number.NaN } }, /settings\/later cannot be written: NaN/],
    ['too much', { stores: { db: { text: 'x'.repeat(17_000) } } }, /stores\/db cannot be written/],
  ])('is refused with %s', (_what, change, message) => {
    const error = expect.objectContaining({
      code: 'ERR_MALFORMED_CONFIGURATION',
      message: expect.stringMatching(message),
    })
    expect(() => checkChange(change as Change)).toThrow(error)
  })

  it('is refused with a namespace that cannot be', () => {
    expect(() => checkChange({ namespaces: { 'a b': {} } })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_NAMESPACE' }),
    )
  })

  it('at the beginning of a mesh loses to everything that is written', () => {
    const initial = author(EMPTY, initialRecordsOf({ settings: { ttlMs: 5, leaseMs: null } }), 1)
    expect(said(initial)).toEqual({ 'settings/ttlMs': 5 })
    expect(initial.register('settings/ttlMs')?.counter).toBe(0)
    expect(changed(initial, { settings: { ttlMs: 6 } }).register('settings/ttlMs')?.counter).toBe(1)
  })
})

describe('the expected version', () => {
  const configuration = changed(EMPTY, { settings: { ttlMs: 5 } })
  const { serial, digest } = configuration.version
  const other = digest.replace(/^./, first => (first === '0' ? '1' : '0'))

  it.each([
    [undefined],
    [{}],
    [{ serial }],
    [{ digest }],
    [{ serial, digest }],
    [{ serial: serial + 7, digest }],
  ])('is met by %j: a digest alone decides, since one text may get a higher serial', expected =>
    expect(() => checkExpected(configuration, expected)).not.toThrow(),
  )

  it.each([[{ serial: serial + 1 }], [{ digest: other }], [{ serial, digest: other }]])(
    'is not met by %j, and the error names both versions',
    expected => {
      const named = Object.values(expected).map(String)
      try {
        checkExpected(configuration, expected)
        expect.unreachable()
      } catch (error) {
        expect(error).toMatchObject({ code: 'ERR_VERSION_CONFLICT' })
        for (const part of [`${serial}`, digest, ...named]) expect((error as Error).message).toContain(part)
      }
    },
  )
})
