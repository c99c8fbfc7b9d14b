// Members that were removed, with their addresses: should the mesh have been cut in two, it is by these that its
// halves find each other again. Kept beside the configuration, with no date of expiry.

import { BOUNDS } from '@cachemesh/core'
import { parseAddress } from '@cachemesh/libp2p'
import { LIMITS } from '@cachemesh/protocol'

export interface FormerMember {
  readonly id: string
  /** Multiaddrs. */
  readonly addresses: readonly string[]
}

/** One member in a line, the newest last, so that people can read it and a damaged line costs one member. */
export function encodeFormerMembers(members: readonly FormerMember[]): Uint8Array {
  const lines = members
    .slice(-BOUNDS.absentMax)
    .map(({ id, addresses }) => `${[id, ...addresses.slice(0, LIMITS.addressesMax)].join(' ')}\n`)
  return Buffer.from(lines.join(''))
}

/** Leaves out what is no member with addresses: the list is a hint, and no reason not to start. */
export function decodeFormerMembers(bytes: Uint8Array): FormerMember[] {
  const lines = Buffer.from(bytes)
    .toString('utf8')
    .split('\n')
    .slice(-BOUNDS.absentMax - 1)
  return lines.flatMap(line => {
    const [id = '', ...texts] = line.split(' ')
    const addresses = texts.slice(0, LIMITS.addressesMax).filter(isAddress)
    return id === '' || addresses.length === 0 ? [] : [{ id, addresses }]
  })
}

function isAddress(text: string): boolean {
  try {
    parseAddress(text)
    return true
  } catch {
    return false
  }
}
