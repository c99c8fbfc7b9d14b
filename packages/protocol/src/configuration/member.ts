import { CacheMeshError } from '../errors.ts'
import { LIMITS } from '../limits.ts'

/** In the order in which one incarnation passes through them; a later state outranks an earlier one. */
export const MEMBER_STATES = ['joining', 'active', 'left', 'removed'] as const
export type MemberState = (typeof MEMBER_STATES)[number]

/**
 * One node as the configuration knows it. Only the member itself writes a new incarnation; others may only
 * move an incarnation to `removed`. A member that left or was removed is a tombstone: all but the first four
 * fields are blank, so that everybody who writes it writes the same bytes.
 */
export interface Member {
  /** libp2p peer id. An address is an attribute, never identity. */
  readonly id: string
  /** Raised by the member alone; a higher one overrides whatever was said of a lower one. */
  readonly incarnation: number
  readonly state: MemberState
  /** Serial at which the member itself wrote this incarnation: what the horizon of tombstones compares. */
  readonly since: number
  /** Multiaddrs for other nodes. */
  readonly addresses: readonly string[]
  /** Addresses for programs outside the mesh by protocol, e.g. `{ http: 'http://10.0.0.5:8080' }`. */
  readonly gateways: Readonly<Record<string, string>>
  /** Share of the ring; 1 is usual, 0 owns nothing. */
  readonly weight: number
  /** Failure domain; '' when there is one only. */
  readonly zone: string
  /** Name and version of the software it runs. */
  readonly software: string
}

export function isTombstone(member: Member): boolean {
  return member.state === 'left' || member.state === 'removed'
}

/** The tombstone of a member: a function of (id, incarnation, since) and the state, nothing else. */
export function tombstone(member: Member, state: 'left' | 'removed'): Member {
  const { id, incarnation, since } = member
  return { id, incarnation, state, since, addresses: [], gateways: {}, weight: 0, zone: '', software: '' }
}

/** Bytes that the record's hash covers, as JSON text: an array, so that no key order can vary. */
export function canonicalMember(member: Member): string {
  const { id, incarnation, since, addresses, gateways, weight, zone, software } = member
  const pairs = Object.keys(gateways)
    .sort()
    .map(name => [name, gateways[name]])
  return JSON.stringify([
    'm',
    id,
    incarnation,
    stateRank(member),
    since,
    addresses,
    pairs,
    weight,
    zone,
    software,
  ])
}

export function stateRank(member: Member): number {
  return MEMBER_STATES.indexOf(member.state)
}

/** Throws ERR_MALFORMED_CONFIGURATION unless every field is of its type and within bounds. */
export function checkMember(member: Member): Member {
  const wrong = fault(member)
  if (wrong !== undefined) {
    throw new CacheMeshError('ERR_MALFORMED_CONFIGURATION', `A member of the configuration ${wrong}`)
  }
  return member
}

/** Visible ASCII: an id is a line in logs and hashes, and its characters are its bytes in a frame. */
const NODE_ID = /^[!-~]+$/

/** Looks at every field for its type first: what came from a peer is a `Member` by hope alone. */
function fault(m: Member): string | undefined {
  if (!isNodeId(m.id)) return 'has no valid id'
  if (!isSerial(m.incarnation)) return 'has an incarnation that is no serial number'
  if (!isSerial(m.since)) return 'has a since that is no serial number'
  if (!MEMBER_STATES.includes(m.state)) return 'has an unknown state'
  if (!Array.isArray(m.addresses) || m.addresses.length > LIMITS.addressesMax) return 'has too many addresses'
  if (!m.addresses.every(address => isText(address, LIMITS.addressLengthMax)))
    return 'has a malformed address'
  if (typeof m.gateways !== 'object' || m.gateways === null) return 'has no gateways'
  const gateways = Object.entries(m.gateways)
  if (gateways.length > LIMITS.addressesMax) return 'has too many gateways'
  if (!gateways.every(pair => pair.every(part => isText(part, LIMITS.addressLengthMax))))
    return 'has a malformed gateway'
  if (!(Number.isFinite(m.weight) && m.weight >= 0 && m.weight <= LIMITS.weightMax))
    return `has a weight that is no number from 0 to ${LIMITS.weightMax}`
  if (!isText(m.zone, LIMITS.namespaceLengthMax)) return 'has a malformed zone'
  if (!isText(m.software, LIMITS.addressLengthMax)) return 'has a malformed software version'
  if (isTombstone(m) && canonicalMember(m) !== canonicalMember(tombstone(m, m.state as 'left'))) {
    return 'is a tombstone with attributes'
  }
  return undefined
}

export function isNodeId(value: unknown): value is string {
  return isText(value, LIMITS.nodeIdBytesMax) && NODE_ID.test(value)
}

/** Serials, counters and incarnations: integers from 0 to 2^53 - 1. */
export function isSerial(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

export function isText(value: unknown, lengthMax: number): value is string {
  return typeof value === 'string' && value.length <= lengthMax && value.isWellFormed()
}
