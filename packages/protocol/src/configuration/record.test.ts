import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CacheMeshError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { Member } from './member.ts'
import { tombstone } from './member.ts'
import { memberRecord, registerRecord } from './record.ts'
import { canonicalJson, type Register } from './register.ts'
import { anyMember, anyRegister, configurationOf, memberOf } from './testing/members.ts'

const malformed = expect.objectContaining({ code: 'ERR_MALFORMED_CONFIGURATION' })
const notThere = Symbol('not there')

/** Values of every type, those that break naive checks among them. */
const anyOddity = fc.constantFrom<unknown>(
  undefined,
  null,
  true,
  -1,
  0.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  2 ** 53,
  1e300,
  7n,
  '',
  'x'.repeat(20_000),
  '\ud800',
  'toString',
  [],
  [[]],
  [null],
  ['a', 1],
  {},
  { toString: 1, valueOf: 1 },
  Object.create(null),
  new Date(0),
  Symbol('odd'),
  () => 1,
)

describe('the record of a member', () => {
  it('hashes the same bytes whoever writes them, and others when anything differs', () => {
    fc.assert(
      fc.property(anyMember, anyMember, (a, b) => {
        const copy = {
          ...structuredClone(a),
          gateways: Object.fromEntries(Object.entries(a.gateways).reverse()),
        }
        expect(memberRecord(copy).hash).toBe(memberRecord(a).hash)
        const same = JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
        expect(memberRecord(a).hash === memberRecord(b).hash).toBe(same)
      }),
    )
  })

  it('is refused with the typed error whatever stands in one of its fields', () => {
    const fields = Object.keys(memberOf('a')) as (keyof Member)[]
    fc.assert(
      fc.property(
        anyMember,
        fc.constantFrom(...fields),
        fc.oneof(anyOddity, fc.constant(notThere)),
        (m, field, odd) => {
          const member: Record<string, unknown> = { ...m, [field]: odd }
          if (odd === notThere) delete member[field]
          expectTypedOrTaken(() => memberRecord(member as unknown as Member))
        },
      ),
      { numRuns: 1000 },
    )
  })

  const bad: Readonly<Record<string, Partial<Member>>> = {
    'an empty id': { id: '' },
    'an id of 129 characters': { id: 'x'.repeat(129) },
    'an id with a space': { id: 'a b' },
    'an id with a line break': { id: 'a\nb' },
    'an id that is not ASCII': { id: 'ö' },
    'a negative incarnation': { incarnation: -1 },
    'an incarnation of 2^53': { incarnation: 2 ** 53 },
    'a since that is NaN': { since: Number.NaN },
    'an unknown state': { state: 'leaving' as Member['state'] },
    'a state that is a property of arrays': { state: 'length' as Member['state'] },
    '17 addresses': { addresses: new Array(17).fill('/ip4/10.0.0.5/tcp/7400') },
    'an address of 257 characters': { addresses: ['x'.repeat(257)] },
    'an address with half a surrogate pair': { addresses: ['\udc00'] },
    'addresses that are a text': { addresses: 'abc' as unknown as string[] },
    '17 gateways': { gateways: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`g${i}`, 'x'])) },
    'a gateway that is no text': { gateways: { http: 1 as unknown as string } },
    'no gateways': { gateways: null as unknown as Member['gateways'] },
    'a weight above the limit': { weight: LIMITS.weightMax + 1 },
    'a negative weight': { weight: -0.1 },
    'a weight that is NaN': { weight: Number.NaN },
    'a zone that is too long': { zone: 'x'.repeat(65) },
    'more bytes than a record may have': {
      addresses: new Array(16).fill('語'.repeat(256)),
      software: '語'.repeat(256),
      gateways: {
        a: '語'.repeat(256),
        b: '語'.repeat(256),
        ['語'.repeat(256)]: '語'.repeat(256),
        c: '語'.repeat(256),
      },
    },
  }
  for (const [what, fields] of Object.entries(bad)) {
    it(`is refused with ${what}`, () => {
      expect(() => memberRecord(memberOf('a', fields))).toThrow(malformed)
    })
  }

  it('cannot be changed afterwards, nor through what it was made of', () => {
    const made = memberOf('a', { addresses: ['/ip4/1.2.3.4/tcp/1'], gateways: { http: 'http://a' } })
    const { member } = memberRecord(made)
    ;(made.addresses as string[])[0] = '/ip4/6.6.6.6/tcp/1'
    expect(member?.addresses).toEqual(['/ip4/1.2.3.4/tcp/1'])
    const document = configurationOf(2)
    for (const held of [member, member?.addresses, member?.gateways, document.members, document.version])
      expect(Object.isFrozen(held)).toBe(true)
    expect(Object.isFrozen(document.registers)).toBe(true)
  })

  it('that is a tombstone holds nothing but who, which incarnation, since when and how', () => {
    const gone = tombstone(memberOf('a', { incarnation: 3, since: 2 }), 'removed')
    expect(memberRecord(gone).member).toEqual(gone)
    for (const attribute of ['addresses', 'gateways', 'weight', 'zone', 'software'] as const) {
      expect(() => memberRecord({ ...gone, [attribute]: memberOf('a')[attribute] })).toThrow(malformed)
    }
  })
})

describe('the record of a register', () => {
  it('cannot be changed afterwards', () => {
    expect(Object.isFrozen(registerRecord({ name: 'settings/a', counter: 1, json: '1' }).register)).toBe(true)
  })

  it('is refused with the typed error whatever stands in one of its fields', () => {
    fc.assert(
      fc.property(
        anyRegister,
        fc.constantFrom('name', 'counter', 'json'),
        anyOddity,
        (register, field, odd) => {
          expectTypedOrTaken(() => registerRecord({ ...register, [field]: odd } as Register))
        },
      ),
      { numRuns: 500 },
    )
  })

  it('has a name of one of the four groups', () => {
    for (const name of ['settings/a', 'namespaces/__proto__', 'placements/7', 'stores/a/b', 'settings/\n'])
      expect(registerRecord({ name, counter: 1, json: '1' }).key).toBe(`r/${name}`)
    for (const name of ['', 'a', 'settings', 'settings/', '/a', '__proto__/a', 'others/a', 'xsettings/a'])
      expect(() => registerRecord({ name, counter: 1, json: '1' })).toThrow(malformed)
  })

  for (const json of [
    '',
    '{',
    '{"b":1,"a":2}',
    '{"a":1,"a":1}',
    ' 1',
    '1.0',
    '-0',
    '1e2',
    '"\\u0061"',
    'undefined',
  ]) {
    it(`is refused when its text is not canonical: ${json}`, () => {
      expect(() => registerRecord({ name: 'settings/a', counter: 1, json })).toThrow(malformed)
    })
  }

  it('is refused beyond the depth that every node can read', () => {
    const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
    const register = (depth: number) =>
      registerRecord({ name: 'settings/a', counter: 1, json: nested(depth) })
    expect(register(LIMITS.depthMax).register).toBeDefined()
    for (const depth of [LIMITS.depthMax + 2, 8000]) expect(() => register(depth)).toThrow(malformed)
  })

  it('is refused when it is larger than a record may be', () => {
    const json = JSON.stringify('ö'.repeat(LIMITS.recordBytesMax / 2))
    expect(() => registerRecord({ name: 'settings/a', counter: 1, json })).toThrow(malformed)
  })
})

describe('canonical JSON', () => {
  it('says the same as JSON does, whatever the order of keys', () => {
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        const text = canonicalJson(value)
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
        expect(canonicalJson(JSON.parse(text))).toBe(text)
        expect(canonicalJson(reversed(value))).toBe(text)
      }),
    )
  })

  it('keeps a key named __proto__', () => {
    const text = '{"__proto__":{"a":1},"b":2}'
    expect(canonicalJson(JSON.parse(text))).toBe(text)
  })

  it('refuses what JSON would leave out or guess', () => {
    const cycle: unknown[] = []
    cycle.push(cycle)
    const sparse = new Array(2)
    for (const value of [
      undefined,
      () => 1,
      Symbol('a'),
      1n,
      Number.NaN,
      new Date(0),
      new Map(),
      [undefined],
      sparse,
      cycle,
    ]) {
      expect(() => canonicalJson({ value: [value] })).toThrow(malformed)
    }
  })
})

function expectTypedOrTaken(run: () => unknown): void {
  try {
    run()
  } catch (error) {
    expect(error).toBeInstanceOf(CacheMeshError)
    expect(error).toEqual(malformed)
  }
}

function sorted(member: Member): unknown {
  const { gateways, ...rest } = member
  return [Object.entries(rest).sort(), Object.entries(gateways).sort()]
}

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, item]) => [name, reversed(item)]),
  )
}
