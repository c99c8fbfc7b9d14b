import {
  CacheMeshError,
  Configuration,
  type Delta,
  deltaTo,
  digestPrefix,
  LIMITS,
  memberRecord,
  summaryOf,
} from '@cachemesh/protocol'
import { describe, expect, it } from 'vitest'
import { BOUNDS } from '../limits/limits.ts'
import { configurationOf, MESH, memberOf } from '../testing/members.ts'
import { Ledger } from './ledger.ts'

const EMPTY = Configuration.empty(MESH)

/** The delta from one document to another. */
function between(base: Configuration, target: Configuration): Delta {
  return deltaTo(target, summaryOf(base))
}

function codeOf(call: () => unknown): string {
  try {
    call()
  } catch (error) {
    if (error instanceof CacheMeshError) return error.code
    throw error
  }
  return 'none'
}

describe('a ledger', () => {
  it('authors what changes something, once', () => {
    const ledger = new Ledger(EMPTY)
    expect(ledger.author([memberRecord(memberOf('a'))], 5)).toBe(true)
    expect(ledger.current.version).toMatchObject({ serial: 1, timestamp: 5 })
    expect(ledger.author([memberRecord(memberOf('a'))], 9)).toBe(false)
    expect(ledger.current.version).toMatchObject({ serial: 1, timestamp: 5 })
  })

  it('joins what is relative to any document it held, and nothing else', () => {
    const ledger = new Ledger(EMPTY)
    const one = configurationOf(memberOf('a'))
    const two = configurationOf(memberOf('a'), memberOf('b'))
    expect(ledger.join(between(one, two))).toBeUndefined()
    expect(ledger.join(between(EMPTY, one))).toEqual({ changed: true, mergedAnew: false })
    ledger.author([memberRecord(memberOf('c'))], 1)
    // Its base is not the current document any more, and the join is new to both sides.
    expect(ledger.join(between(one, two))).toEqual({ changed: true, mergedAnew: true })
    expect(ledger.current.members.map(({ id }) => id)).toEqual(['a', 'b', 'c'])
    // It says nothing that was not held before.
    const { serial } = ledger.current.version
    expect(ledger.join(between(one, two))).toEqual({ changed: false, mergedAnew: false })
    expect(ledger.current.version.serial).toBe(serial)
  })

  it('remembers documents of the recent past by digest and by its first bits, and the empty one always', () => {
    const ledger = new Ledger(EMPTY)
    const held: Configuration[] = []
    for (let incarnation = 1; incarnation <= 40; incarnation++) {
      ledger.author([memberRecord(memberOf('a', { incarnation }))], 1)
      held.push(ledger.current)
    }
    const known = held.filter(({ version }) => ledger.knows(version.digest))
    expect(known).toEqual(held.slice(-(BOUNDS.historyMax - 1)))
    for (const old of known) {
      expect(ledger.remembers(digestPrefix(old.version))).toBe(old)
      expect(ledger.deltaFromDigest(old.version.digest)?.version).toEqual(ledger.current.version)
    }
    expect(ledger.deltaFromDigest(EMPTY.version.digest)?.records).toHaveLength(1)
    expect(ledger.remembers(digestPrefix(held[0]!.version))).toBeUndefined()
    expect(ledger.deltaFromDigest(held[0]!.version.digest)).toBeUndefined()
  })

  it('keeps the higher label of one text', () => {
    const ledger = new Ledger(configurationOf(memberOf('a')))
    const { digest } = ledger.current.version
    expect(ledger.adopt({ serial: 7, timestamp: 0, digest })).toBe(true)
    expect(ledger.adopt({ serial: 3, timestamp: 9, digest })).toBe(true)
    expect(ledger.current.version).toEqual({ serial: 7, timestamp: 9, digest })
    expect(ledger.knows(digest)).toBe(true)
    expect(ledger.adopt({ serial: 99, timestamp: 99, digest: EMPTY.version.digest })).toBe(false)
    expect(ledger.current.version.serial).toBe(7)
  })

  it('refuses poison, and then still changes', () => {
    const ledger = new Ledger(configurationOf(memberOf('a')))
    const before = ledger.current
    const good = between(before, configurationOf(memberOf('a'), memberOf('b')))
    const label = (fields: Partial<Delta['version']>): Delta => ({
      ...good,
      version: { ...good.version, ...fields },
    })
    const poison: [Delta, string][] = [
      [{ ...good, meshId: 'other' }, 'ERR_WRONG_MESH'],
      [label({ serial: 2 ** 53 }), 'ERR_MALFORMED_CONFIGURATION'],
      [label({ serial: Number.NaN }), 'ERR_MALFORMED_CONFIGURATION'],
      [label({ serial: before.version.serial + LIMITS.serialJumpMax + 1 }), 'ERR_MALFORMED_CONFIGURATION'],
      [label({ timestamp: -1 }), 'ERR_MALFORMED_CONFIGURATION'],
      [label({ digest: '0'.repeat(32) }), 'ERR_MALFORMED_CONFIGURATION'],
      [{ ...good, records: good.records.slice(1) }, 'ERR_MALFORMED_CONFIGURATION'],
    ]
    for (const [delta, code] of poison) {
      expect(codeOf(() => ledger.join(delta))).toBe(code)
      expect(ledger.current).toBe(before)
    }
    const { digest } = before.version
    expect(codeOf(() => ledger.adopt({ serial: 2 ** 53, timestamp: 0, digest }))).toBe(
      'ERR_MALFORMED_CONFIGURATION',
    )
    expect(ledger.join(good)).toMatchObject({ changed: true })
    expect(ledger.author([memberRecord(memberOf('c'))], 1)).toBe(true)
  })
})
