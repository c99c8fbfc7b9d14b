// Records of the configuration as arrays of fixed order. The first field tells the kind; fields are only
// ever appended.

import { MEMBER_STATES, type Member } from '../configuration/member.ts'
import { type ConfigurationRecord, memberRecord, registerRecord } from '../configuration/record.ts'
import { CacheMeshError } from '../errors.ts'

const MEMBER = 0
const REGISTER = 1

export function writeRecord(record: ConfigurationRecord): unknown[] {
  if (record.register) {
    const { name, counter, json } = record.register
    return [REGISTER, name, counter, json]
  }
  const { id, incarnation, state, since, addresses, gateways, weight, zone, software } = record.member
  const rank = MEMBER_STATES.indexOf(state)
  return [MEMBER, id, incarnation, rank, since, addresses, Object.entries(gateways), weight, zone, software]
}

/** Throws ERR_MALFORMED_CONFIGURATION. */
export function readRecord(fields: unknown): ConfigurationRecord {
  if (!Array.isArray(fields)) throw malformed()
  // The record's own check looks at every field, so the casts below claim nothing that is not verified.
  if (fields[0] === REGISTER) {
    const [, name, counter, json] = fields as [number, string, number, string]
    return registerRecord({ name, counter, json })
  }
  if (fields[0] !== MEMBER) throw malformed()
  const [, id, incarnation, rank, since, addresses, gateways, weight, zone, software] = fields as [
    number,
    string,
    number,
    number,
    number,
    string[],
    [string, string][],
    number,
    string,
    string,
  ]
  const state = (typeof rank === 'number' ? MEMBER_STATES[rank] : undefined) as Member['state']
  return memberRecord({
    id,
    incarnation,
    state,
    since,
    addresses,
    gateways: pairs(gateways),
    weight,
    zone,
    software,
  })
}

function pairs(entries: unknown): Record<string, string> {
  if (!Array.isArray(entries) || !entries.every(pair => Array.isArray(pair) && typeof pair[0] === 'string')) {
    throw malformed()
  }
  return Object.fromEntries(entries)
}

function malformed(): CacheMeshError {
  return new CacheMeshError(
    'ERR_MALFORMED_CONFIGURATION',
    'A record of the configuration is of no known kind',
  )
}
