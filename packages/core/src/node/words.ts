// What a node says at turns of its life, to its program and to its peers.

import { CacheMeshError, type Charge, type Member, type Message } from '@cachemesh/protocol'
import type { Contact } from '../membership/contacts.ts'
import type { Output } from './output.ts'

export function departed(): CacheMeshError {
  return new CacheMeshError('ERR_CLOSED', 'This node has left the mesh; ask another one')
}

/** Somebody else has removed this member. */
export function hearsay({ id: member, since, incarnation }: Member): Charge {
  return { member, since, incarnation, witnesses: [], hearsay: true, unable: false }
}

export function toAll(peers: Iterable<string>, message: Message): Output[] {
  return Array.from(peers, to => ({ kind: 'send', to, message }))
}

export function toDial(contacts: readonly Contact[]): Output[] {
  return contacts.map(contact => ({ kind: 'dial', contact }))
}
