import { Configuration, canonicalJson, registerRecord, ringOf } from '@cachemesh/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { configurationOf, memberOf } from '../testing/members.ts'
import { shiftBetween } from './shift.ts'

const IDS = ['a', 'b', 'c', 'd', 'e']
const position = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const placed = fc.uniqueArray(
  fc.tuple(position, fc.uniqueArray(fc.constantFrom(...IDS), { minLength: 1, maxLength: 2 })),
  { selector: ([at]) => at, maxLength: 4 },
)

function withPositions(positions: readonly (readonly [number, readonly string[]])[]): Configuration {
  const base = configurationOf(...IDS.map(id => memberOf(id, { weight: 0.005 })))
  const records = positions.map(([at, members]) =>
    registerRecord({ name: `placements/${at}`, counter: 1, json: canonicalJson({ members }) }),
  )
  return Configuration.of(base.write(records), { serial: 1, timestamp: 0 })
}

/** Holders of any key, by the ring alone. */
function holdersAt(configuration: Configuration, hash: number, replicas: number): string[] {
  const ring = ringOf(configuration)
  const list = new Int32Array(replicas + 1)
  const found = ring.preference(hash, list)
  return [...list.subarray(0, found)].map(index => ring.members[index] as string)
}

describe('what other positions do', () => {
  it('concerns everybody who held or holds a key whose holders are others now', () => {
    fc.assert(
      fc.property(
        placed,
        placed,
        fc.integer({ min: 0, max: 2 }),
        fc.array(position, { minLength: 20, maxLength: 20 }),
        (old, now, replicas, hashes) => {
          const [before, after] = [withPositions(old), withPositions(now)]
          const shift = shiftBetween(before, after, { ring: ringOf(after), replicasMax: replicas })
          if (shift === undefined) return
          for (const hash of [...hashes, ...[...old, ...now].map(([at]) => at)]) {
            const [held, holds] = [before, after].map(it => holdersAt(it, hash, replicas)) as [
              string[],
              string[],
            ]
            if (`${held}` === `${holds}`) continue
            for (const id of held) expect(shift.before.has(id)).toBe(true)
            for (const id of holds) expect(shift.after.has(id)).toBe(true)
          }
        },
      ),
      { numRuns: 300 },
    )
  })

  it('concerns two members when an arc goes from one to the other', () => {
    const before = withPositions([])
    const ring = ringOf(before)
    const owner = ring.members[ring.ownerIndex(7)] as string
    const other = IDS.find(id => id !== owner) as string
    const after = withPositions([[7, [other]]])
    const shift = shiftBetween(before, after, { ring: ringOf(after), replicasMax: 0 })
    expect(shift).toEqual({ before: new Set([owner]), after: new Set([other]) })
  })
})
