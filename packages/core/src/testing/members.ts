// Members and configurations for tests.

import {
  author,
  Configuration,
  type ConfigurationRecord,
  LIMITS,
  type Member,
  memberRecord,
  registerRecord,
} from '@cachemesh/protocol'
import type { Attributes } from '../membership/presence.ts'

export const MESH = 'mesh'

/** What a node at this address says of itself. */
export function attributesAt(address: string, fields: Partial<Attributes> = {}): Attributes {
  return { addresses: [address], gateways: {}, weight: 1, zone: '', software: 'test', ...fields }
}

/** An active member; `fields` replace some of it. */
export function memberOf(id: string, fields: Partial<Member> = {}): Member {
  return { id, incarnation: 1, state: 'active', since: 1, ...attributesAt(`/ip4/${id}/tcp/1`), ...fields }
}

/** A configuration with these members, by one author. */
export function configurationOf(...members: readonly Member[]): Configuration {
  return author(Configuration.empty(MESH), members.map(memberRecord), 1)
}

/** A configuration of exactly that many bytes of registers, by several authors. */
export function documentOf(sizeBytes: number, prefix: string): Configuration {
  const records: ConfigurationRecord[] = []
  let left = sizeBytes
  while (left > 0) {
    const name: string = `${prefix}/${String(records.length).padStart(4, '0')}`
    const taking = (length: number): ConfigurationRecord =>
      registerRecord({ name, counter: 1, json: JSON.stringify('x'.repeat(length)) })
    const headBytes = taking(0).sizeBytes
    const room = LIMITS.recordBytesMax - headBytes
    // The last but one leaves enough for the last.
    const bytes = left <= LIMITS.recordBytesMax ? left : Math.min(LIMITS.recordBytesMax, left - 100)
    const record = taking(Math.min(room, bytes - headBytes))
    records.push(record)
    left -= record.sizeBytes
  }
  return Configuration.of(Configuration.empty(MESH).write(records), { serial: 1, timestamp: 1 })
}
