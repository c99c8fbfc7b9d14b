import { CacheMeshError, Configuration, deltaTo, LIMITS, memberRecord, summaryOf } from '@cachemesh/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TIMES } from '../limits/limits.ts'
import { dials, HERE, Life, ofKind, sent } from '../testing/life.ts'
import { configurationOf, documentOf, memberOf } from '../testing/members.ts'
import type { Output } from './output.ts'

describe('a step', () => {
  it('refuses what is poisoned, names who sent it, and goes on as if nothing had come', () => {
    const life = new Life()
    life.start()
    life.step({ kind: 'link-up', peer: 'p' })
    const before = life.node.configuration
    const other = Configuration.of(
      { ...configurationOf(memberOf('x')), meshId: 'other' },
      { serial: 1, timestamp: 1 },
    )
    const delta = deltaTo(other, summaryOf(Configuration.empty('other')))
    for (const input of [
      { kind: 'message', from: 'p', message: { kind: 'delta', delta } },
      { kind: 'announced', from: 'p', delta },
    ] as const) {
      const [refused, ...rest] = life.step(input)
      expect(refused).toMatchObject({ kind: 'refused', from: 'p', error: { code: 'ERR_WRONG_MESH' } })
      expect(rest).toEqual([])
    }
    expect(life.node.configuration).toBe(before)
    life.hearOf('p', configurationOf(memberOf('p')))
    expect(life.node.configuration.member('p')).toBeDefined()
  })

  it('reports that there is no room for its own record, once for a document, and goes on', () => {
    const remembered = documentOf(LIMITS.configurationBytesMax, 'settings')
    const life = new Life({ remembered })
    const outputs = life.start()
    expect(life.states).toEqual(['active'])
    expect(ofKind(outputs, 'refused')).toMatchObject([
      { from: 'me', error: { code: 'ERR_MALFORMED_CONFIGURATION' } },
    ])
    expect(life.node.configuration).toBe(remembered)
    expect(ofKind(life.pass(60_000), 'refused')).toEqual([])
    expect(ofKind(life.step({ kind: 'leave' }), 'state')).toEqual([{ kind: 'state', state: 'left' }])
  })

  it('is not entered while it is at work', () => {
    const life = new Life()
    const input = {
      kind: 'attributes',
      get attributes() {
        life.step({ kind: 'tick' })
        return HERE
      },
    } as const
    expect(() => life.step(input)).toThrow(CacheMeshError)
    life.start()
    expect(life.states).toEqual(['active'])
  })

  it('is a function of its inputs: two nodes with one seed of chance do the same', () => {
    const run = (): unknown[] => {
      const life = new Life({ seeds: ['p:1', 'q:1'], randomSeed: 99 })
      const outputs: unknown[] = [...life.start()]
      for (let i = 0; i < 50; i++) {
        for (const contact of dials(life.pass(500))) {
          outputs.push(...life.step({ kind: 'dial-failed', contact, code: 'ERR_UNREACHABLE' }))
        }
        outputs.push(
          life.node.wakeAt,
          ...life.hearOf('p', configurationOf(memberOf('p', { incarnation: i + 1 }))),
        )
      }
      return JSON.parse(JSON.stringify(outputs))
    }
    expect(run()).toEqual(run())
  })

  it('of a tick wants no other one at the same moment, whatever fractions its time has and however late it comes', () => {
    const ms = fc.double({ min: 0, max: 5_000, noNaN: true })
    const waits = fc.array(fc.tuple(fc.boolean(), ms), { maxLength: 12 })
    fc.assert(
      fc.property(fc.double({ min: 1, max: 1e6, noNaN: true }), waits, (startedAt, all) => {
        const life = new Life({ remembered: configurationOf(...['me', 'p', 'q'].map(id => memberOf(id))) })
        life.now = startedAt
        life.start()
        for (const peer of ['p', 'q']) life.step({ kind: 'link-up', peer })
        for (const [sleeps, forMs] of all) {
          // While it passes the life itself looks at each tick.
          if (!sleeps) life.pass(forMs)
          else life.now += forMs
          if (life.node.wakeAt <= life.now) life.step({ kind: 'tick' })
          expect(life.node.wakeAt).toBeGreaterThan(life.now)
        }
      }),
      { numRuns: 200 },
    )
  })

  it('says once that peers confirmed what it holds', () => {
    const life = new Life()
    life.start()
    life.step({ kind: 'link-up', peer: 'p' })
    life.hearOf('p', configurationOf(memberOf('p')))
    const confirm = (): Output[] =>
      ofKind(life.hear('p', { kind: 'version', version: life.node.configuration.version }), 'agreed')
    expect(confirm()).toHaveLength(1)
    expect(confirm()).toHaveLength(0)
    life.step({ kind: 'attributes', attributes: { ...HERE, weight: 2 } })
    expect(confirm()).toHaveLength(1)
  })

  it('pushes its document to a peer whose stamp is of an older one, and pulls from one whose stamp is unknown', () => {
    const life = new Life()
    life.start()
    life.step({ kind: 'link-up', peer: 'p' })
    const old = life.node.stamp.digestPrefix
    life.step({ kind: 'attributes', attributes: { ...HERE, weight: 2 } })
    // What was written a moment ago is on its way.
    expect(sent(life.step({ kind: 'stamp', from: 'p', digestPrefix: old }))).toEqual([])
    life.now += TIMES.newsMs
    expect(sent(life.step({ kind: 'stamp', from: 'p', digestPrefix: old }))).toEqual(['delta to p'])
    life.now += TIMES.pullTimeoutMs
    expect(sent(life.step({ kind: 'stamp', from: 'p', digestPrefix: old ^ 1 }))).toEqual([])
    life.now += TIMES.newsMs
    expect(sent(life.step({ kind: 'tick' }))).toContain('pull to p')
    expect(life.node.configuration.record('m/me')).toEqual(memberRecord(life.me!))
  })
})
