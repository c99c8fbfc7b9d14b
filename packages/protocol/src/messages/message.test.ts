import fc from 'fast-check'
import { Packr } from 'msgpackr'
import { describe, expect, it } from 'vitest'
import { Configuration } from '../configuration/configuration.ts'
import { deltaTo, summaryOf } from '../configuration/delta.ts'
import { BUCKETS, memberRecord, registerRecord } from '../configuration/record.ts'
import { anyConfiguration, configurationOf, memberOf } from '../configuration/testing/members.ts'
import { CacheMeshError } from '../errors.ts'
import { KIND } from '../frames/layout.ts'
import { LIMITS } from '../limits.ts'
import { decodeMessage, encodeMessage, type Message } from './message.ts'
import { anyMutation, anyNoise, exchanged, ODDITIES } from './testing/hostile.ts'

const malformed = expect.objectContaining({ code: 'ERR_MALFORMED_MESSAGE' })
const packr = new Packr({ useRecords: false })
const KINDS = [KIND.pull, KIND.delta, KIND.version, KIND.goodbye] as const

const anyMessage: fc.Arbitrary<Message> = fc
  .tuple(anyConfiguration, anyConfiguration)
  .chain(([one, two]) =>
    fc.constantFrom<Message>(
      { kind: 'pull', version: one.version, summary: summaryOf(one) },
      { kind: 'delta', delta: deltaTo(one, summaryOf(two)) },
      { kind: 'version', version: one.version },
      { kind: 'goodbye' },
    ),
  )
const anyBody = fc.constantFrom(
  ...fc.sample(anyMessage, { numRuns: 20, seed: 1 }).map(message => encodeMessage(message).body),
)

describe('a message', () => {
  it('comes back as it was sent', () => {
    fc.assert(
      fc.property(anyMessage, message => {
        const { kind, body } = encodeMessage(message)
        expect(decodeMessage(kind, body)).toEqual(message)
      }),
    )
  })

  it('has memory of its own', () => {
    const first = encodeMessage({ kind: 'version', version: configurationOf(1).version }).body
    const copy = Uint8Array.from(first)
    encodeMessage({ kind: 'version', version: configurationOf(2).version })
    expect(first).toEqual(copy)
    expect(first.buffer.byteLength).toBe(first.length)
  })

  it('carries every number that a version may have', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (serial, timestamp) => {
        const message: Message = { kind: 'version', version: { serial, timestamp, digest: 'ab'.repeat(16) } }
        const { kind, body } = encodeMessage(message)
        expect(decodeMessage(kind, body)).toEqual(message)
      }),
    )
  })

  it('of a newer version may have more fields at its end', () => {
    const { serial, timestamp, digest } = configurationOf(1).version
    const body = packr.pack([serial, timestamp, digest, 'more', ['of', 'it']])
    expect(decodeMessage(KIND.version, body)).toEqual({
      kind: 'version',
      version: { serial, timestamp, digest },
    })
    expect(decodeMessage(KIND.goodbye, packr.pack([1]))).toEqual({ kind: 'goodbye' })
  })

  it('too large to be read is not written', () => {
    const json = JSON.stringify('x'.repeat(16_000))
    const registers = Array.from({ length: 1100 }, (_, i) =>
      registerRecord({ name: `settings/${i}`, counter: 1, json }),
    )
    const text = Configuration.empty('mesh').write(registers)
    const delta = deltaTo(
      Configuration.of(text, { serial: 1, timestamp: 0 }),
      summaryOf(Configuration.empty('mesh')),
    )
    expect(() => encodeMessage({ kind: 'delta', delta })).toThrow(malformed)
  })
})

describe('what is not a message', () => {
  it('is refused with the typed error alone: noise', () => {
    fc.assert(fc.property(fc.constantFrom(...KINDS), anyNoise, expectTypedOrTaken), { numRuns: 2000 })
  })

  it('is refused with the typed error alone: messages with bytes changed', () => {
    fc.assert(fc.property(fc.constantFrom(...KINDS), anyMutation(anyBody), expectTypedOrTaken), {
      numRuns: 1500,
    })
  })

  it('is refused with the typed error alone: values of every type in every place', () => {
    const bodies = [
      encodeMessage({
        kind: 'pull',
        version: configurationOf(3).version,
        summary: summaryOf(configurationOf(3)),
      }),
      encodeMessage({ kind: 'delta', delta: deltaTo(sample(), summaryOf(Configuration.empty('mesh'))) }),
      encodeMessage({ kind: 'version', version: configurationOf(3).version }),
    ].map(({ kind, body }) => ({ kind, tree: packr.unpack(body) as unknown }))
    fc.assert(
      fc.property(
        fc.constantFrom(...bodies),
        fc.array(fc.nat(12), { minLength: 1, maxLength: 5 }),
        fc.constantFrom(...ODDITIES),
        ({ kind, tree }, path, odd) => expectTypedOrTaken(kind, pack(exchanged(tree, path, odd))),
      ),
      { numRuns: 1500 },
    )
  })

  const { serial, timestamp, digest } = sample().version
  const member: readonly unknown[] = [0, 'a', 1, 1, 1, [], [], 1, '', '']
  const delta = (...fields: unknown[]) => [
    serial,
    timestamp,
    digest,
    'mesh',
    digest,
    0,
    false,
    [0],
    ...fields,
  ]
  const bad: readonly [string, number, unknown][] = [
    ['no array', KIND.version, 7],
    ['a kind of a newer version', 60, [serial, timestamp, digest]],
    ['a kind that is no message', KIND.get, [serial, timestamp, digest]],
    ['a serial above 2^53', KIND.version, [2 ** 60, timestamp, digest]],
    ['a serial that is a BigInt', KIND.version, [2n ** 60n, timestamp, digest]],
    ['a digest of another form', KIND.version, [serial, timestamp, `${digest}0`]],
    ['half a pair of bucket and hash', KIND.pull, [serial, timestamp, digest, [1]]],
    ['a bucket that there is not', KIND.pull, [serial, timestamp, digest, [BUCKETS, digest]]],
    [
      'more buckets than there are',
      KIND.pull,
      [serial, timestamp, digest, new Array(2 * BUCKETS + 2).fill(1)],
    ],
    ['a map', KIND.pull, [serial, timestamp, digest, { 1: digest }]],
    ['an extension', KIND.pull, [serial, timestamp, new Date(0)]],
    ['more fields than a message will ever have', KIND.goodbye, new Array(65).fill(0)],
    [
      'a name of a mesh that is too long',
      KIND.delta,
      [serial, timestamp, digest, 'x'.repeat(256), digest, 0, false, [], []],
    ],
    [
      'a number where destroyed stands',
      KIND.delta,
      [serial, timestamp, digest, 'mesh', digest, 0, 1, [], []],
    ],
    [
      'more records than there may be',
      KIND.delta,
      delta(new Array(LIMITS.membersMax + LIMITS.registersMax + 1).fill(0)),
    ],
    ['a record of an unknown kind', KIND.delta, delta([[7, 'a']])],
    ['a record that is no array', KIND.delta, delta(['m'])],
    ['a state by a text', KIND.delta, delta([member.with(3, 'length')])],
    ['a state by its rank in a text', KIND.delta, delta([member.with(3, '1')])],
    ['a state by its rank in an array', KIND.delta, delta([member.with(3, [1])])],
    ['a state that there is not', KIND.delta, delta([member.with(3, 4)])],
    ['gateways in no pairs', KIND.delta, delta([member.with(6, ['http'])])],
    ['gateways of numbers', KIND.delta, delta([member.with(6, [['http', 1]])])],
    [
      'a record that is too large',
      KIND.delta,
      delta([[1, 'settings/a', 1, JSON.stringify('x'.repeat(20_000))]]),
    ],
  ]
  for (const [what, kind, fields] of bad) {
    it(`is refused: ${what}`, () => {
      expect(() => decodeMessage(kind, pack(fields))).toThrow(CacheMeshError)
      expectTypedOrTaken(kind, pack(fields))
    })
  }

  it('is refused by its length before anything reads it', () => {
    const body = new Uint8Array(LIMITS.messageBytesMax + 1)
    expect(() => decodeMessage(KIND.delta, body)).toThrow(malformed)
  })

  it('keeps a gateway named __proto__ what it is', () => {
    const gateways = JSON.parse('{"__proto__":"http://10.0.0.5:1"}')
    const text = Configuration.empty('mesh').write([memberRecord(memberOf('a', { gateways }))])
    const target = Configuration.of(text, { serial: 1, timestamp: 0 })
    const { kind, body } = encodeMessage({
      kind: 'delta',
      delta: deltaTo(target, summaryOf(Configuration.empty('mesh'))),
    })
    const message = decodeMessage(kind, body)
    expect(message.kind === 'delta' && message.delta.records[0]?.hash).toBe(target.record('m/a')?.hash)
  })
})

function sample(): Configuration {
  const records = [
    memberRecord(memberOf('a')),
    registerRecord({ name: 'settings/a', counter: 1, json: '{"a":1}' }),
  ]
  return Configuration.of(Configuration.empty('mesh').write(records), { serial: 1, timestamp: 2 })
}

function pack(value: unknown): Uint8Array {
  return new Uint8Array(packr.pack(value))
}

function expectTypedOrTaken(kind: number, body: Uint8Array): void {
  let message: Message
  try {
    message = decodeMessage(kind, body)
  } catch (error) {
    expect(error).toBeInstanceOf(CacheMeshError)
    expect(['ERR_MALFORMED_MESSAGE', 'ERR_MALFORMED_CONFIGURATION']).toContain((error as CacheMeshError).code)
    return
  }
  // What is taken is a message that this node could have sent.
  expect(decodeMessage(kind, encodeMessage(message).body)).toEqual(message)
}
