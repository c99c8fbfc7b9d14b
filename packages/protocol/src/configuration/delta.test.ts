import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LIMITS } from '../limits.ts'
import { decodeMessage, encodeMessage } from '../messages/message.ts'
import { makeBucket } from './bucket.ts'
import { Configuration, destroyedText } from './configuration.ts'
import { applyDelta, type Delta, deltaTo, summaryOf } from './delta.ts'
import { tombstone } from './member.ts'
import { author } from './merge.ts'
import { BUCKETS, bucketIndex, memberRecord, registerRecord } from './record.ts'
import { anyConfiguration, anyRecord, configurationOf, memberOf, peerId } from './testing/members.ts'

const malformed = expect.objectContaining({ code: 'ERR_MALFORMED_CONFIGURATION' })

describe('a delta', () => {
  it('takes any document to any other', () => {
    fc.assert(
      fc.property(anyConfiguration, anyConfiguration, (base, target) => {
        const result = applyDelta(base, deltaTo(target, summaryOf(base)))
        expect(result.version).toEqual(target.version)
        expect([result.members, result.registers]).toEqual([target.members, target.registers])
      }),
    )
  })

  it('survives being a message', () => {
    fc.assert(
      fc.property(anyConfiguration, anyConfiguration, (base, target) => {
        const { kind, body } = encodeMessage({ kind: 'delta', delta: deltaTo(target, summaryOf(base)) })
        const message = decodeMessage(kind, body)
        expect(message.kind === 'delta' && applyDelta(base, message.delta).version).toEqual(target.version)
      }),
    )
  })

  it('of nothing is empty', () => {
    const { buckets, records } = deltaTo(configurationOf(50), summaryOf(configurationOf(50)))
    expect([buckets, records]).toEqual([[], []])
  })

  it('of one change among 1,000 members takes less than 2 KiB, whatever changed', () => {
    const base = configurationOf(1000)
    const known = base.member(peerId(500))
    if (known === undefined) throw new Error('not there')
    for (const record of [
      memberRecord({ ...known, incarnation: 2, weight: 3 }),
      memberRecord(tombstone(known, 'removed')),
      memberRecord(memberOf(peerId(1000))),
      registerRecord({ name: 'settings/replicas', counter: 1, json: '2' }),
    ]) {
      expect(sizeOf(deltaTo(author(base, [record], 2), summaryOf(base)))).toBeLessThan(2048)
    }
  })

  it('brings a newcomer a mesh of 10,000 members', () => {
    const newcomer = Configuration.empty('mesh')
    const many = configurationOf(10_000)
    const delta = deltaTo(many, summaryOf(newcomer))
    expect(sizeOf(delta)).toBeLessThan(LIMITS.messageBytesMax / 4)
    expect(applyDelta(newcomer, delta).members).toHaveLength(10_000)
  })

  it('has room for as many members as there may be, with all their tombstones', () => {
    const living = LIMITS.membersMax / 3
    const { sizeBytes } = memberRecord(memberOf(peerId(0)))
    const dead = memberRecord(tombstone(memberOf(peerId(0)), 'removed'))
    expect(living * sizeBytes + 2 * living * dead.sizeBytes).toBeLessThan(LIMITS.messageBytesMax / 2)
  })
})

describe('a delta is refused', () => {
  const base = configurationOf(20)
  const target = author(base, [memberRecord(memberOf('new', { since: 2 }))], 2)
  const delta = deltaTo(target, summaryOf(base))
  const newIn = bucketIndex('m/new')
  const elsewhere = memberRecord(
    memberOf([...'abcdefgh'].find(id => bucketIndex(`m/${id}`) !== newIn) as string),
  )

  const doctored: Readonly<Record<string, Partial<Delta>>> = {
    'relative to another document': { base: configurationOf(21).version.digest },
    'of another mesh than its digest': { meshId: 'other' },
    'with another digest': { version: { ...target.version, digest: base.version.digest } },
    'with a record left out': { records: delta.records.slice(1) },
    'with a record changed': {
      records: delta.records.map(({ member }) => memberRecord({ ...memberOf('new'), ...member, weight: 9 })),
    },
    'with a record too many': { records: [...delta.records, elsewhere] },
    'with a record twice': { records: [...delta.records, ...delta.records] },
    'with a bucket left out': { buckets: [] },
    'with a bucket emptied': { buckets: [...delta.buckets, bucketIndex(`m/${peerId(0)}`)] },
    'with a bucket that there is not': { buckets: [...delta.buckets, BUCKETS] },
    'with half a bucket': { buckets: [...delta.buckets, 0.5] },
    'with another horizon': { horizon: 1 },
    'with a destroyed mesh that is not empty': { destroyed: true },
    'with a horizon above its serial': { horizon: target.version.serial + 1 },
  }
  for (const [what, change] of Object.entries(doctored)) {
    it(what, () => {
      expect(() => applyDelta(base, { ...delta, ...change })).toThrow(malformed)
    })
  }

  it('when any one of its parts is that of another delta', () => {
    fc.assert(
      fc.property(
        anyConfiguration,
        anyConfiguration,
        anyRecord,
        fc.constantFrom('meshId', 'base', 'version', 'horizon', 'destroyed', 'buckets', 'records'),
        (one, two, record, part) => {
          const honest = deltaTo(two, summaryOf(one))
          const other = {
            ...deltaTo(author(one, [record], 1), summaryOf(two)),
            meshId: 'other',
            destroyed: true,
          }
          const mixed = { ...honest, [part]: other[part] }
          const outcome = resultOf(() => applyDelta(one, mixed))
          // Whatever is taken all the same is the document that the digest names.
          if (outcome !== 'refused') expect(outcome.version.digest).toBe(mixed.version.digest)
          if (outcome !== 'refused')
            expect(Configuration.of(outcome, outcome.version).version).toEqual(mixed.version)
        },
      ),
    )
  })

  // Honest by their digests: an admitted member says so.
  it('with numbers that no honest node writes', () => {
    const says = (
      serial: number,
      change: { horizon?: number; records?: Parameters<Configuration['write']>[0] },
    ) => {
      const text = { ...base.write(change.records ?? []), horizon: change.horizon ?? 0 }
      const poison = Configuration.of(text, { serial, timestamp: 0 })
      return () => applyDelta(base, deltaTo(poison, summaryOf(base)))
    }
    const jump = LIMITS.serialJumpMax
    expect(says(9, { horizon: 9 })().horizon).toBe(9)
    expect(says(9, { horizon: 10 })).toThrow(malformed)
    expect(says(9, { records: [memberRecord(memberOf('a', { since: 9 }))] })().member('a')).toBeDefined()
    expect(says(9, { records: [memberRecord(memberOf('a', { since: 10 }))] })).toThrow(malformed)
    expect(says(9, { records: [memberRecord(memberOf('a', { incarnation: 9 + jump }))] })).not.toThrow()
    expect(says(9, { records: [memberRecord(memberOf('a', { incarnation: 10 + jump }))] })).toThrow(malformed)
    expect(
      says(9, { records: [registerRecord({ name: 'settings/a', counter: 10 + jump, json: '1' })] }),
    ).toThrow(malformed)
    // Numbered by another clock.
    expect(
      says(9, { records: [registerRecord({ name: 'erasures/a', counter: 10 + jump, json: 'true' })] }),
    ).not.toThrow()
  })

  it('when it makes a document larger than one message, though it is small itself', () => {
    const json = JSON.stringify('x'.repeat(15_000))
    const registers = Array.from({ length: LIMITS.messageBytesMax / 15_000 }, (_, i) =>
      registerRecord({ name: `settings/${i}`, counter: 1, json }),
    )
    const large = Configuration.of(base.write(registers.slice(0, -9)), { serial: 9, timestamp: 0 })
    const larger = Configuration.of(base.write(registers), { serial: 9, timestamp: 0 })
    const step = deltaTo(larger, summaryOf(large))
    expect(applyDelta(base, deltaTo(large, summaryOf(base))).version.serial).toBe(9)
    expect(() => applyDelta(large, step)).toThrow(malformed)
  })

  it('with a record twice, though its digest was made of both', () => {
    const twice = memberRecord(memberOf('new', { since: 2 }))
    const buckets = base.buckets.map((bucket, index) =>
      index === newIn ? makeBucket([...bucket.records, twice, twice]) : bucket,
    )
    const poison = Configuration.of({ ...base, buckets }, { serial: 9, timestamp: 0 })
    expect(() => applyDelta(base, deltaTo(poison, summaryOf(base)))).toThrow(malformed)
  })

  it('unless a destroyed mesh holds nothing at all', () => {
    const destroyed = Configuration.of(destroyedText('mesh'), { serial: 4, timestamp: 0 })
    expect(applyDelta(base, deltaTo(destroyed, summaryOf(base))).destroyed).toBe(true)
    const filled = Configuration.of({ ...base, destroyed: true }, { serial: 4, timestamp: 0 })
    expect(() => applyDelta(base, deltaTo(filled, summaryOf(base)))).toThrow(malformed)
  })
})

function sizeOf(delta: Delta): number {
  return encodeMessage({ kind: 'delta', delta }).body.length
}

function resultOf(run: () => Configuration): Configuration | 'refused' {
  try {
    return run()
  } catch (error) {
    expect(error).toEqual(malformed)
    return 'refused'
  }
}
