// Members that were removed, with their addresses: should the mesh have been cut in two, it is by these that its
// halves find each other again. Kept beside the configuration, with no date of expiry.

import { parseAddress } from '@cachemesh/libp2p'

export interface FormerMember {
  readonly id: string
  /** Multiaddrs. */
  readonly addresses: readonly string[]
}

export const FORMER_MEMBERS_MAX: number = 1_000
const ADDRESSES_MAX = 16

/** One member in a line, the newest last, so that people can read it and a damaged line costs one member. */
export function encodeFormerMembers(members: readonly FormerMember[]): Uint8Array {
  const lines = members
    .slice(-FORMER_MEMBERS_MAX)
    .map(({ id, addresses }) => `${[id, ...addresses.slice(0, ADDRESSES_MAX)].join(' ')}\n`)
  return Buffer.from(lines.join(''))
}

/** Leaves out what is no member with addresses: the list is a hint, and no reason not to start. */
export function decodeFormerMembers(bytes: Uint8Array): FormerMember[] {
  const lines = Buffer.from(bytes)
    .toString('utf8')
    .split('\n')
    .slice(-FORMER_MEMBERS_MAX - 1)
  return lines.flatMap(line => {
    const [id = '', ...texts] = line.split(' ')
    const addresses = texts.slice(0, ADDRESSES_MAX).filter(isAddress)
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
