import { readFileSync } from 'node:fs'
import {
  author,
  Configuration,
  canonicalJson,
  hashKey,
  keyPrefix,
  type Member,
  memberRecord,
  qualifyKey,
  registerRecord,
} from '@cachemesh/protocol'
import { describe, expect, it } from 'vitest'
import { recordsOf } from '../configuration/change.ts'
import { configurationOf, memberOf } from '../testing/members.ts'
import { Placement } from './placement.ts'

interface Vector {
  readonly members: readonly Pick<Member, 'id' | 'weight' | 'state'>[]
  readonly registers: readonly { readonly name: string; readonly value: unknown }[]
  readonly lookups: readonly {
    readonly namespace: string
    readonly key: string
    readonly position: number
    readonly preference: readonly string[]
  }[]
}

const VECTORS = new URL('../../../protocol/vectors/placement-partitions.json', import.meta.url)
const vectors = JSON.parse(readFileSync(VECTORS, 'utf8')) as Vector[]

function placementOf(configuration: Configuration, self = 'a'): Placement {
  const placement = new Placement(self)
  placement.update(configuration)
  return placement
}

// Written by another implementation, in another language, from docs/protocol/placement.md alone.
describe('partitions of namespaces', () => {
  it.each(vectors.map((vector, number) => ({ number, vector })))(
    'are those of configuration $number',
    ({ vector: { members, registers, lookups } }) => {
      const records = [
        ...members.map(it => memberRecord(memberOf(it.id, { ...it, ...(it.state === 'removed' && GONE) }))),
        ...registers.map(({ name, value }) =>
          registerRecord({ name, counter: 1, json: canonicalJson(value) }),
        ),
      ]
      const text = Configuration.empty('mesh').write(records)
      const placement = placementOf(Configuration.of(text, { serial: 1, timestamp: 0 }))
      for (const { namespace, key, position, preference } of lookups) {
        const qualified = qualifyKey(keyPrefix(namespace), key)
        const target = { key: qualified, hash: hashKey(qualified) }
        expect(placement.owner(target.hash, qualified)).toBe(preference[0])
        expect(placement.walk(target, members.length)).toEqual(preference)
        const listed = placement.locate(qualified).members.filter(id => !placement.isSpare(id))
        expect(listed).toEqual(preference.slice(0, listed.length))
        const known = placement.positionOf(target.hash, qualified)
        expect(known === undefined || known === position).toBe(true)
      }
    },
  )
})

const GONE = { addresses: [], weight: 0, zone: '', software: '' }

describe('a rule', () => {
  const base = configurationOf(...['a', 'b', 'c', 'd'].map(id => memberOf(id)))
  const write = (partition: unknown): Configuration =>
    author(base, recordsOf({ namespaces: { n: { partition } } }, base), 1)
  const owners = (configuration: Configuration, ...keys: readonly string[]): Set<string | undefined> => {
    const placement = placementOf(configuration)
    return new Set(keys.map(key => placement.locate(qualifyKey(keyPrefix('n'), key)).owner))
  }
  const names = (head: string): string[] => Array.from({ length: 40 }, (_, i) => `${head}${i}`)

  it('keeps together what has one directory, or one prefix', () => {
    const configuration = write([
      { prefix: 'users/', by: 'directory' },
      { prefix: 'cart:', by: 'prefix' },
    ])
    expect(owners(configuration, ...names('users/7/')).size).toBe(1)
    expect(owners(configuration, ...names('cart:')).size).toBe(1)
    expect(owners(configuration, ...names('users/').map(head => `${head}/name`)).size).toBe(4)
    expect(owners(configuration, ...names('other/')).size).toBe(4)
  })

  it('keeps keys with the members that it names, whoever joins, and with others only when these are gone', () => {
    const configuration = write([{ prefix: 'eu/', members: ['b', 'c'] }])
    expect(owners(configuration, ...names('eu/'))).toEqual(new Set(['b', 'c']))
    const target = {
      key: qualifyKey(keyPrefix('n'), 'eu/1'),
      hash: hashKey(qualifyKey(keyPrefix('n'), 'eu/1')),
    }
    const placement = placementOf(configuration)
    expect(new Set(placement.list(target).slice(0, 2))).toEqual(new Set(['b', 'c']))
    expect(placement.list(target)).toHaveLength(3)
    const gone = author(
      configuration,
      ['b', 'c'].map(id => memberRecord(memberOf(id, { state: 'left', ...GONE }))),
      2,
    )
    expect(owners(gone, ...names('eu/'))).toEqual(new Set(['a', 'd']))
  })

  it('changes who holds what, and so the fingerprint', () => {
    const [one, two] = [write([{ prefix: 'x', by: 'prefix' }]), write([{ prefix: 'y', by: 'prefix' }])]
    expect(placementOf(one).fingerprint).not.toBe(placementOf(two).fingerprint)
    expect(placementOf(one).isPartitioned).toBe(true)
    expect(placementOf(write('hash')).isPartitioned).toBe(false)
  })

  it.each([
    ['something else', 'ring', 'neither "hash" nor a list'],
    ['too many rules', Array.from({ length: 65 }, (_, i) => ({ prefix: `${i}` })), 'up to 64 rules'],
    ['a rule without a prefix', [{ by: 'prefix' }], 'a rule has a prefix'],
    ['an unknown way', [{ prefix: 'a', by: 'color' }], 'by: key, directory, prefix'],
    [
      'two rules for one prefix',
      [{ prefix: 'a' }, { prefix: 'a', by: 'prefix' }],
      'two rules for prefix "a"',
    ],
    ['nobody', [{ prefix: 'a', members: [] }], 'a list of 1 to 16 ids'],
  ])('is refused with %s', (_, partition, message) => {
    expect(() => write(partition)).toThrow(
      expect.objectContaining({
        code: 'ERR_MALFORMED_CONFIGURATION',
        message: expect.stringContaining(message),
      }),
    )
  })
})
