import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { CacheMeshError } from '../errors.ts'
import { utf8Length } from '../keys.ts'
import { LIMITS } from '../limits.ts'
import { hashKey } from '../placement/hash.ts'
import { canonicalMember, checkMember, type Member, stateRank } from './member.ts'
import { canonicalRegister, checkRegister, type Register } from './register.ts'

/** Buckets of a configuration: what two nodes compare first. */
export const BUCKETS = 256

const HASH_BYTES = 16
const text = new TextEncoder()

interface RecordBase {
  /** Unique in the configuration: `m/` and a node id, or `r/` and a register's name. */
  readonly key: string
  /** 32 hex digits over the canonical bytes. */
  readonly hash: string
  readonly bucket: number
  /** Its canonical bytes. */
  readonly sizeBytes: number
}

/** One record of the configuration with its hash, which is computed once. Immutable. */
export type ConfigurationRecord =
  | (RecordBase & { readonly member: Member; readonly register?: never })
  | (RecordBase & { readonly register: Register; readonly member?: never })

/**
 * The record has a copy of the member, frozen to the bottom: members are handed to programs as they are, and a
 * change would not be in the hash. Throws ERR_MALFORMED_CONFIGURATION.
 */
export function memberRecord(member: Member): ConfigurationRecord {
  const { id } = checkMember(member)
  const addresses = Object.freeze([...member.addresses])
  const gateways = Object.freeze({ ...member.gateways })
  const frozen = Object.freeze({ ...member, addresses, gateways })
  return { ...base(`m/${id}`, canonicalMember(frozen)), member: frozen }
}

/** Throws ERR_MALFORMED_CONFIGURATION. */
export function registerRecord(register: Register): ConfigurationRecord {
  const { name } = checkRegister(register)
  return { ...base(`r/${name}`, canonicalRegister(register)), register: Object.freeze({ ...register }) }
}

function base(key: string, canonical: string): RecordBase {
  const sizeBytes = utf8Length(canonical)
  if (sizeBytes > LIMITS.recordBytesMax) {
    throw new CacheMeshError(
      'ERR_MALFORMED_CONFIGURATION',
      `A record of the configuration takes ${sizeBytes} bytes; the limit is ${LIMITS.recordBytesMax}`,
    )
  }
  return { key, hash: hashText(canonical), bucket: bucketIndex(key), sizeBytes }
}

/** SHA-256, cut to 128 bits, as hex. */
export function hashText(value: string): string {
  let hash = hashes.get(value)
  if (hash !== undefined) return hash
  hash = bytesToHex(sha256(text.encode(value)).subarray(0, HASH_BYTES))
  if (value.length > REMEMBERED_LENGTH_MAX) return hash
  if (hashes.size >= REMEMBERED_MAX) hashes.clear()
  hashes.set(value, hash)
  return hash
}

/** The same records come from many peers, in many deltas: their hashes are remembered, some megabytes of texts at most. */
const hashes = new Map<string, string>()
const REMEMBERED_MAX = 1_024
const REMEMBERED_LENGTH_MAX = 4_096

/**
 * The join of what two documents say under one key; `undefined` is a document that has no such record.
 *
 * Members are compared by `since` before their incarnation. It is the same order while a member counts on, for
 * both rise with each of its claims. One that lost its document, but not its identity, counts from 0 again: a
 * greater incarnation of lower `since` would then win, and be forgotten by a horizon that the record it had
 * beaten survives.
 *
 * A member that only one side has, or that the sides hold since two serials, survives only when the other
 * side cannot have dropped its tombstone: when it was written after that side's horizon. Otherwise a record
 * of somebody long gone, met in a node that slept, would come back to life. (Tombstones that a horizon has
 * passed are dropped afterwards, by compaction.)
 */
export function joinRecords(
  mine: ConfigurationRecord | undefined,
  theirs: ConfigurationRecord | undefined,
  horizons: { readonly mine: number; readonly theirs: number },
): ConfigurationRecord | undefined {
  const winner = mine === undefined ? theirs : theirs === undefined ? mine : greater(mine, theirs)
  if (winner?.member === undefined) return winner
  const other = winner === mine ? theirs : mine
  const otherHorizon = winner === mine ? horizons.theirs : horizons.mine
  const { since } = winner.member
  const known = other?.member?.since === since
  return known || since > otherHorizon ? winner : undefined
}

function greater(a: ConfigurationRecord, b: ConfigurationRecord): ConfigurationRecord {
  if (a.hash === b.hash) return a
  const order =
    a.member && b.member
      ? a.member.since - b.member.since ||
        a.member.incarnation - b.member.incarnation ||
        stateRank(a.member) - stateRank(b.member)
      : a.register && b.register
        ? a.register.counter - b.register.counter
        : 0
  if (order !== 0) return order > 0 ? a : b
  return a.hash > b.hash ? a : b // two writers of one transition: a bug or a copied identity, still one result
}

/** The bucket in which a record with this key lies. */
export function bucketIndex(key: string): number {
  return hashKey(key) % BUCKETS
}
