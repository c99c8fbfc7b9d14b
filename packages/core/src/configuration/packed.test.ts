import { CacheMeshError } from '@cachemesh/protocol'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { configurationOf, MESH, memberOf } from '../testing/members.ts'
import { packConfiguration, unpackConfiguration } from './packed.ts'

const configuration = configurationOf(memberOf('a'), memberOf('b', { incarnation: 7 }), memberOf('c'))
const packed = packConfiguration(configuration)

it('comes back as it was packed, label and all', () => {
  const unpacked = unpackConfiguration(packed, MESH)
  expect(unpacked.version).toEqual(configuration.version)
  expect(unpacked.members).toEqual(configuration.members)
})

it('is refused when it is damaged, with a typed error', () => {
  fc.assert(
    fc.property(fc.nat(packed.length - 1), fc.integer({ min: 1, max: 255 }), (place, flip) => {
      const damaged = packed.slice()
      damaged[place]! ^= flip
      try {
        const unpacked = unpackConfiguration(damaged, MESH)
        // The label is the one part that no digest covers.
        expect(unpacked.version.digest).toBe(configuration.version.digest)
      } catch (error) {
        expect(error).toBeInstanceOf(CacheMeshError)
      }
    }),
  )
  expect(() => unpackConfiguration(packed.subarray(0, 20), MESH)).toThrow(CacheMeshError)
})

it('is refused by another mesh', () => {
  expect(() => unpackConfiguration(packed, 'other')).toThrow(/of mesh "mesh", not of "other"/)
})
