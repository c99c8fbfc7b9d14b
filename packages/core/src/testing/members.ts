// Members and configurations for tests.

import { author, Configuration, type Member, memberRecord } from '@cachemesh/protocol'
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
