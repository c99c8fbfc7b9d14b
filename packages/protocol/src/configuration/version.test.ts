import { describe, expect, it } from 'vitest'
import { LIMITS } from '../limits.ts'
import { configurationOf } from './testing/members.ts'
import { checkVersion, compareVersions, digestPrefix, mergedLabel, type Version } from './version.ts'

const malformed = expect.objectContaining({ code: 'ERR_MALFORMED_CONFIGURATION' })
const digest = 'ab'.repeat(16)
const own = { serial: 1000, timestamp: 5 }
const version = (fields: Partial<Version> = {}): Version => ({
  serial: 1001,
  timestamp: 6,
  digest,
  ...fields,
})

describe('a version', () => {
  it('is taken within the bounds', () => {
    for (const fields of [{}, { serial: 0 }, { serial: 1000 + LIMITS.serialJumpMax }, { timestamp: 0 }])
      expect(checkVersion(version(fields), own)).toEqual(version(fields))
  })

  const bad: Readonly<Record<string, Partial<Record<keyof Version, unknown>>>> = {
    'a serial that jumps': { serial: 1001 + LIMITS.serialJumpMax },
    'a serial of 2^53': { serial: 2 ** 53 },
    'the greatest safe serial': { serial: Number.MAX_SAFE_INTEGER },
    'a negative serial': { serial: -1 },
    'half a serial': { serial: 1.5 },
    'NaN for a serial': { serial: Number.NaN },
    'infinity for a serial': { serial: Number.POSITIVE_INFINITY },
    'a text for a serial': { serial: '1001' },
    'a BigInt for a serial': { serial: 1001n },
    'an object for a serial': { serial: { toString: 1, valueOf: 1 } },
    'a negative timestamp': { timestamp: -1 },
    'NaN for a timestamp': { timestamp: Number.NaN },
    'no timestamp': { timestamp: undefined },
    'a short digest': { digest: 'ab' },
    'a digest in capitals': { digest: digest.toUpperCase() },
    'a digest and a line break': { digest: `${digest}\n` },
    'no digest': { digest: null },
  }
  for (const [what, fields] of Object.entries(bad)) {
    it(`is refused with ${what}`, () => {
      expect(() => checkVersion(version(fields as Partial<Version>), own)).toThrow(malformed)
    })
  }

  it('of a mesh that was driven up is taken by a newcomer, while it leaves room to count on', () => {
    expect(checkVersion(version({ serial: 2 ** 40 })).serial).toBe(2 ** 40)
    expect(checkVersion(version({ serial: LIMITS.serialMax })).serial).toBe(LIMITS.serialMax)
    expect(() => checkVersion(version({ serial: LIMITS.serialMax + 1 }))).toThrow(malformed)
    const high = { serial: LIMITS.serialMax - 1, timestamp: 0 }
    expect(() => checkVersion(version({ serial: LIMITS.serialMax + 1 }), high)).toThrow(malformed)
  })

  it('is shown by serial, then timestamp, then digest', () => {
    const rising = [
      version(),
      version({ digest: 'ac'.repeat(16) }),
      version({ timestamp: 7 }),
      version({ serial: 1002, timestamp: 0 }),
    ]
    expect(rising.toReversed().sort(compareVersions)).toEqual(rising)
    expect(compareVersions(version(), version())).toBe(0)
  })

  it('has the first 32 bits of its digest in every frame', () => {
    expect(digestPrefix(version({ digest: `ffffffff${'0'.repeat(24)}` }))).toBe(0xffffffff)
    const real = configurationOf(3).version
    expect(digestPrefix(real).toString(16).padStart(8, '0')).toBe(real.digest.slice(0, 8))
  })
})

// Every row: my serial, their serial, whose text the joined one is, the serial that results.
describe('the label of a merge', () => {
  const rows: readonly [number, number, 'both' | 'mine' | 'theirs' | 'neither', number][] = [
    [5, 5, 'both', 5],
    [5, 9, 'both', 9],
    [9, 5, 'both', 9],
    [9, 5, 'mine', 9],
    [5, 5, 'mine', 6],
    [5, 9, 'mine', 10],
    [5, 9, 'theirs', 9],
    [5, 5, 'theirs', 6],
    [9, 5, 'theirs', 10],
    [5, 5, 'neither', 6],
    [5, 9, 'neither', 10],
    [9, 5, 'neither', 10],
  ]
  for (const [mine, theirs, whose, serial] of rows) {
    it(`of ${mine} and ${theirs}, with the text of ${whose}, is ${serial}`, () => {
      const [one, other] = ['1', whose === 'both' ? '1' : '2']
      const joined = whose === 'neither' ? '3' : whose === 'theirs' ? other : one
      const label = mergedLabel(
        { serial: mine, timestamp: 1, digest: one },
        { serial: theirs, timestamp: 2, digest: other },
        joined,
      )
      expect(label).toEqual({ serial, timestamp: 2 })
    })
  }
})
