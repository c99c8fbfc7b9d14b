import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LIMITS } from '../limits.ts'
import { Configuration, type ConfigurationText, destroyedText, digestOf } from './configuration.ts'
import { isTombstone, tombstone } from './member.ts'
import { author, destroy, joinTexts, merge } from './merge.ts'
import { memberRecord, registerRecord } from './record.ts'
import { configurationOf, memberOf, peerId } from './testing/members.ts'
import { mergeBy, protocolRules } from './testing/mesh-model.ts'
import { anySchedule, run } from './testing/schedule.ts'
import { TOMBSTONES } from './tombstones.ts'

const ZERO = { serial: 0, timestamp: 0 }

/** Documents that nodes held at some time of one run: what the laws have to hold for. */
const anyReached = (count: number): fc.Arbitrary<Configuration[]> =>
  fc
    .tuple(
      anySchedule({ nodes: 6, steps: 80 }),
      fc.array(fc.nat(), { minLength: count, maxLength: count }),
      fc.nat(2),
    )
    .map(([schedule, picks, keepMin]) => {
      const documents: Configuration[] = []
      run(schedule, protocolRules(keepMin), mesh => {
        for (const { document } of mesh.nodes) if (documents.at(-1) !== document) documents.push(document)
      })
      return picks.map(pick => documents[pick % documents.length] as Configuration)
    })

const digestOfJoin = (a: ConfigurationText, b: ConfigurationText) => digestOf(joinTexts(a, b))

describe("the text's merge", () => {
  it('is commutative, associative and idempotent', () => {
    fc.assert(
      fc.property(anyReached(3), documents => {
        const [a, b, c] = documents as [Configuration, Configuration, Configuration]
        expect(digestOfJoin(a, b)).toBe(digestOfJoin(b, a))
        expect(digestOfJoin(joinTexts(a, b), c)).toBe(digestOfJoin(a, joinTexts(b, c)))
        expect(digestOfJoin(a, a)).toBe(a.version.digest)
        // Idempotent also where no bucket is the same object or bytes: what was joined adds nothing again.
        expect(digestOfJoin(joinTexts(a, b), b)).toBe(digestOfJoin(a, b))
      }),
      { numRuns: 150 },
    )
  })

  it('is associative also for a member that lost its document and counts from the beginning', () => {
    const of = (incarnation: number, since: number) => {
      const text = Configuration.empty('mesh').write([memberRecord(memberOf('m', { incarnation, since }))])
      return Configuration.of(text, { serial: 9, timestamp: 0 })
    }
    const [old, again] = [of(1, 9), of(2, 2)]
    const forgot = Configuration.of(
      { ...Configuration.empty('mesh'), horizon: 5 },
      { serial: 9, timestamp: 0 },
    )
    const expected = digestOfJoin(joinTexts(old, again), forgot)
    expect(digestOfJoin(old, joinTexts(again, forgot))).toBe(expected)
    expect(digestOfJoin(again, joinTexts(old, forgot))).toBe(expected)
  })

  it('never lets a tombstone at or below its horizon live on', () => {
    fc.assert(
      fc.property(anyReached(2), documents => {
        const { horizon, members } = merge(...(documents as [Configuration, Configuration]))
        expect(members.filter(member => isTombstone(member) && member.since <= horizon)).toEqual([])
      }),
    )
  })
})

describe("the version's merge", () => {
  it('is commutative, idempotent and monotone', () => {
    fc.assert(
      fc.property(anyReached(2), documents => {
        const [a, b] = documents as [Configuration, Configuration]
        const merged = merge(a, b)
        expect(merged.version).toEqual(merge(b, a).version)
        expect(merge(a, a)).toBe(a)
        expect(merge(merged, a).version.serial).toBe(merged.version.serial)
        for (const { version } of [a, b]) {
          expect(merged.version.timestamp).toBeGreaterThanOrEqual(version.timestamp)
          const changed = merged.version.digest !== version.digest
          expect(merged.version.serial - version.serial).toBeGreaterThanOrEqual(changed ? 1 : 0)
        }
      }),
      { numRuns: 150 },
    )
  })

  it('is that of the model, where no more tombstones are dropped than the protocol drops', () => {
    fc.assert(
      fc.property(anyReached(2), documents => {
        const [a, b] = documents as [Configuration, Configuration]
        expect(merge(a, b).version).toEqual(mergeBy(protocolRules(256), a, b).version)
      }),
    )
  })
})

describe('merge', () => {
  it('keeps no more tombstones of both sides than the bound, and raises the horizon over the rest', () => {
    const side = (from: number) => {
      const gone = Array.from({ length: 200 }, (_, i) =>
        memberRecord(tombstone(memberOf(`m${from + i}`, { since: from + i }), 'removed')),
      )
      return Configuration.of(Configuration.empty('mesh').write(gone), { serial: 500, timestamp: 0 })
    }
    const merged = merge(side(1), side(201))
    expect([merged.horizon, merged.members.length]).toEqual([400 - TOMBSTONES.min, TOMBSTONES.min])
    expect(merged.version.serial).toBe(501)
  })

  it('refuses the document of another mesh', () => {
    expect(() => merge(configurationOf(1, 'one'), configurationOf(1, 'two'))).toThrow(
      expect.objectContaining({ code: 'ERR_WRONG_MESH' }),
    )
  })

  it('keeps a member that both sides hold since one serial, however far their horizons have come', () => {
    const side = (state: 'joining' | 'active', horizon: number) => {
      const text = Configuration.empty('mesh').write([memberRecord(memberOf('m', { since: 1, state }))])
      return Configuration.of({ ...Configuration.of(text, ZERO), horizon }, { serial: 9, timestamp: 0 })
    }
    for (const [mine, theirs] of [
      [side('joining', 5), side('active', 7)],
      [side('active', 5), side('joining', 7)],
    ] as const) {
      const merged = merge(mine, theirs)
      expect([merged.member('m')?.state, merged.horizon]).toEqual(['active', 7])
    }
  })

  it('with a destroyed mesh is that, and nobody writes in it again', () => {
    const mine = configurationOf(2)
    const gone = destroy(mine, 77)
    expect(gone.version).toMatchObject({ serial: mine.version.serial + 1, timestamp: 77 })
    expect(destroy(gone, 99)).toBe(gone)
    expect(author(gone, [memberRecord(memberOf(peerId(3)))], 99)).toBe(gone)
    // However far the other side has come meanwhile.
    const far = Configuration.of(mine, { serial: 1_000, timestamp: 99 })
    for (const met of [merge(gone, far), merge(far, gone)]) {
      expect(met).toMatchObject({ destroyed: true, members: [], version: { serial: 1_001 } })
      expect(met.version.digest).toBe(gone.version.digest)
    }
  })

  it('ends in one destroyed text, whatever the two sides held', () => {
    const held = configurationOf(3)
    const leftovers = Configuration.of({ ...held, destroyed: true, horizon: 7 }, { serial: 9, timestamp: 0 })
    const destroyed = Configuration.of(destroyedText('mesh'), { serial: 4, timestamp: 0 })
    for (const [a, b] of [
      [held, destroyed],
      [destroyed, held],
      [leftovers, destroyed],
      [destroyed, leftovers],
    ] as const) {
      expect(merge(a, b).version.digest).toBe(destroyed.version.digest)
      expect(merge(a, b).members).toEqual([])
    }
    expect(author(destroyed, [memberRecord(memberOf('late'))], 1)).toBe(destroyed)
  })
})

describe('author', () => {
  it('gives the same document back when the records change nothing', () => {
    const mine = configurationOf(3)
    expect(author(mine, [memberRecord(memberOf(peerId(1)))], 99)).toBe(mine)
  })

  it('never puts the time back', () => {
    const mine = author(configurationOf(1), [memberRecord(memberOf('a'))], 500)
    expect(author(mine, [memberRecord(memberOf('b'))], 400).version.timestamp).toBe(500)
  })

  it('writes the same bytes as everybody else who removes a member', () => {
    const mine = configurationOf(5)
    const removal = memberRecord(tombstone(memberOf(peerId(2)), 'removed'))
    const theirs = author(mine, [removal], 77)
    expect(merge(author(mine, [removal], 1), theirs).version.serial).toBe(theirs.version.serial)
  })

  it('stops registers at half of what others accept, and lets them be changed and members written still', () => {
    const full = author(
      Configuration.empty('mesh'),
      Array.from({ length: LIMITS.registersMax / 2 }, (_, i) =>
        registerRecord({ name: `settings/${i}`, counter: 1, json: '12' }),
      ),
      1,
    )
    const one = (name: string, json: string) => registerRecord({ name, counter: 2, json })
    expect(() => author(full, [one('settings/more', '1')], 1)).toThrow(
      expect.objectContaining({ code: 'ERR_MALFORMED_CONFIGURATION' }),
    )
    expect(author(full, [one('settings/0', '1')], 1).register('settings/0')?.json).toBe('1')
    expect(author(full, [memberRecord(memberOf('a'))], 1).member('a')).toBeDefined()
  })
})
