import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { LIMITS } from './limits.ts'

describe('the bounds', () => {
  it('are those in docs/protocol/README.md', () => {
    const page = readFileSync(new URL('../../../docs/protocol/README.md', import.meta.url), 'utf8')
    const documented = [...page.matchAll(/^\| `(\w+Max)` \| ([\d,]+) \|/gm)].map(([, name, bound]) => [
      name,
      Number(bound?.replaceAll(',', '')),
    ])
    expect(documented).toEqual(Object.entries(LIMITS))
  })

  it('fit each other', () => {
    // A length in a frame has as many bits as its bound needs.
    expect(LIMITS.keyBytesMax).toBeLessThanOrEqual(0xffff)
    for (const bound of [LIMITS.nodeIdBytesMax, LIMITS.contentTypeBytesMax, LIMITS.failedMax, LIMITS.hopsMax])
      expect(bound).toBeLessThanOrEqual(0xff)
    expect(LIMITS.valueBytesMax).toBeLessThan(2 ** 31)
    expect(LIMITS.messageBytesMax).toBeLessThanOrEqual(LIMITS.valueBytesMax)
    // A head has two digests, four numbers, 256 buckets and the name of the mesh.
    const headBytesMax = 2 * 34 + 4 * 9 + 256 * 2 + 3 * LIMITS.meshIdLengthMax + 32
    expect(LIMITS.configurationBytesMax + headBytesMax).toBeLessThan(LIMITS.messageBytesMax)
    // What may be counted above a serial is safe to count.
    expect(Number.isSafeInteger(LIMITS.serialMax + LIMITS.serialJumpMax + 1)).toBe(true)
    // A register of the largest size is a record still, and an addressed member a record too.
    expect(LIMITS.addressesMax * LIMITS.addressLengthMax).toBeLessThan(LIMITS.recordBytesMax)
  })
})
