import {
  Configuration,
  type Delta,
  deltaTo,
  digestPrefix,
  LIMITS,
  memberRecord,
  sizeOf,
  summaryOf,
} from '@cachemesh/protocol'
import { describe, expect, it } from 'vitest'
import { BOUNDS } from '../limits/limits.ts'
import { codeOf } from '../testing/codes.ts'
import { configurationOf, documentOf, MESH, memberOf } from '../testing/members.ts'
import { Ledger } from './ledger.ts'
import { packConfiguration } from './packed.ts'

const EMPTY = Configuration.empty(MESH)

/** The delta from one document to another. */
function between(base: Configuration, target: Configuration): Delta {
  return deltaTo(target, summaryOf(base))
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
    expect(ledger.join(between(one, two))).toMatchObject({
      changed: true,
      mergedAnew: true,
      theirs: [{ version: two.version }],
    })
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

  it('measures no mesh by the serial of a newcomer, and every one after the first', () => {
    const driven = Configuration.of(configurationOf(memberOf('a')), { serial: 2 ** 40, timestamp: 1 })
    const newcomer = new Ledger(EMPTY)
    newcomer.author([memberRecord(memberOf('b'))], 1)
    expect(newcomer.join(between(EMPTY, driven))).toMatchObject({ changed: true })
    expect(newcomer.current.version.serial).toBe(2 ** 40 + 1)
    const { serial, timestamp, digest } = newcomer.current.version
    const jump = { serial: serial + LIMITS.serialJumpMax + 1, timestamp, digest }
    expect(codeOf(() => newcomer.adopt(jump))).toBe('ERR_MALFORMED_CONFIGURATION')
    const remembering = new Ledger(configurationOf(memberOf('b')))
    expect(codeOf(() => remembering.join(between(EMPTY, driven)))).toBe('ERR_MALFORMED_CONFIGURATION')
    // Somebody who holds the same empty document is one to have compared with, too.
    const equal = new Ledger(EMPTY)
    expect(equal.adopt({ ...EMPTY.version, serial: 2 ** 40 })).toBe(true)
    expect(codeOf(() => equal.adopt({ ...EMPTY.version, serial: 2 ** 50 }))).toBe(
      'ERR_MALFORMED_CONFIGURATION',
    )
  })

  it('refuses the join of two documents, and a record of its own, when nobody could be sent the result', () => {
    const half = documentOf(LIMITS.configurationBytesMax / 2, 'stores/mine')
    const ledger = new Ledger(half)
    const other = documentOf(LIMITS.configurationBytesMax / 2, 'stores/theirs')
    expect(ledger.join(between(EMPTY, other))).toMatchObject({ changed: true })
    // It is full to the last byte, and still a message.
    expect(sizeOf(ledger.current)).toBe(LIMITS.configurationBytesMax)
    expect(packConfiguration(ledger.current).length).toBeLessThan(LIMITS.messageBytesMax)
    const full = ledger.current
    expect(codeOf(() => ledger.author([memberRecord(memberOf('a'))], 1))).toBe('ERR_MALFORMED_CONFIGURATION')
    const more = Configuration.of(EMPTY.write([memberRecord(memberOf('b'))]), { serial: 9, timestamp: 1 })
    expect(codeOf(() => ledger.join(between(EMPTY, more)))).toBe('ERR_MALFORMED_CONFIGURATION')
    expect(ledger.current).toBe(full)
  })
})

describe('documents that wait', () => {
  const wait = () => true

  it('are known again, each of them, however many there are', () => {
    const ledger = new Ledger(configurationOf(memberOf('a')))
    const count = 3 * BOUNDS.waitingMax
    const theirs = Array.from({ length: count }, (_, i) => configurationOf(memberOf(`n${i}`)))
    for (const document of theirs) ledger.join(between(EMPTY, document), wait)
    for (const document of theirs) {
      expect(ledger.awaits(digestPrefix(document.version))).toBe(true)
      expect(ledger.met(document.version)).toBe(true)
      // Nobody need be asked for it, though the documents it is relative to are not known.
      expect(ledger.join(between(theirs[0] as Configuration, document), wait)).toMatchObject({
        changed: false,
      })
    }
    ledger.forgetMet()
    expect(theirs.every(({ version }) => ledger.awaits(digestPrefix(version)))).toBe(true)
    ledger.joinWaiting(() => false)
    expect(ledger.current.members).toHaveLength(count + 1)
    expect(theirs.some(({ version }) => ledger.awaits(digestPrefix(version)))).toBe(false)
  })

  it('or were joined are no news for a while', () => {
    const ledger = new Ledger(configurationOf(memberOf('a')))
    const theirs = configurationOf(memberOf('b'))
    ledger.join(between(EMPTY, theirs))
    expect([ledger.knows(theirs.version.digest), ledger.met(theirs.version)]).toEqual([false, true])
    ledger.forgetMet()
    expect(ledger.met(theirs.version)).toBe(false)
    expect(ledger.join(between(EMPTY, theirs))).toMatchObject({ changed: false })
  })
})
