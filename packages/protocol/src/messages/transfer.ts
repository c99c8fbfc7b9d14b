// What nodes say to each other about entries that one of them should hold and may not
// (docs/protocol/replication.md).

import { KIND } from '../frames/layout.ts'
import { LIMITS } from '../limits.ts'
import { type CarriedEntry, readCarried, writeCarried } from './carried.ts'
import { bytes, flag, list, serial, text } from './fields.ts'

/** The circle of hashes is compared in so many slices, by the top bits of a hash. */
export const SLICES = 256
/** Fields of versions to come included. */
const FIELDS_MAX = 32
const PAIRS_BYTES_MAX = 4 * 1024 * 1024
const FLOOR_BYTES = 12
const FLOORS_MAX = 65_536

export type TransferMessage =
  /** "I may hold what you should: ask me." Answered by compare or, when there is nothing to ask for, by fetched. */
  | {
      readonly kind: 'offer'
      /** Of this transfer; chosen by the sender, which says it in all that follows. */
      readonly id: number
      /** Who holds what, as the sender sees it, in 32 bits. */
      readonly ring: number
      /** Entries that the sender holds; 0: there is nothing to ask for. */
      readonly entries: number
      /** A comparison as it takes place from time to time: nothing happened. */
      readonly routine: boolean
      /** Version at which the sender took over from the receiver, which was removed, and has forgotten something since; else 0. */
      readonly since: number
    }
  /** "This is what I hold of what we both should." Empty: nothing. */
  | { readonly kind: 'compare'; readonly id: number; readonly digests: Uint8Array }
  /** "In these slices we differ", and floors of the sender. */
  | {
      readonly kind: 'differing'
      readonly id: number
      readonly slices: Uint8Array
      readonly floors: Uint8Array
    }
  /** "Send me this page"; the first time with what is held here of the slices that differ: pairs of hash and version. */
  | { readonly kind: 'fetch'; readonly id: number; readonly page: number; readonly held: Uint8Array }
  | {
      readonly kind: 'page'
      readonly id: number
      readonly page: number
      readonly last: boolean
      /** As in the offer, when this page was made. */
      readonly ring: number
      readonly entries: readonly TransferredEntry[]
    }
  /** "I have asked for all that I wanted." `whole`: the sender and the receiver agree on who holds what. */
  | { readonly kind: 'fetched'; readonly id: number; readonly whole: boolean }
  /** "I hold all that I should by this ring", or not yet. */
  | { readonly kind: 'warm'; readonly ring: number; readonly warm: boolean }

export interface TransferredEntry {
  /** Qualified key. */
  readonly key: string
  readonly entry: CarriedEntry
}

const NUMBERS: Readonly<Record<number, TransferMessage['kind']>> = {
  [KIND.offer]: 'offer',
  [KIND.compare]: 'compare',
  [KIND.differing]: 'differing',
  [KIND.fetch]: 'fetch',
  [KIND.page]: 'page',
  [KIND.fetched]: 'fetched',
  [KIND.warm]: 'warm',
}

const KINDS: ReadonlySet<string> = new Set(Object.values(NUMBERS))

export function isTransfer(message: { readonly kind: string }): message is TransferMessage {
  return KINDS.has(message.kind)
}

export function writeTransfer(message: TransferMessage): unknown[] {
  switch (message.kind) {
    case 'offer':
      return [message.id, message.ring, message.entries, message.routine, message.since]
    case 'compare':
      return [message.id, message.digests]
    case 'differing':
      return [message.id, message.slices, message.floors]
    case 'fetch':
      return [message.id, message.page, message.held]
    case 'page':
      return [
        message.id,
        message.page,
        message.last,
        message.ring,
        message.entries.map(({ key, entry }) => [key, writeCarried(entry)]),
      ]
    case 'fetched':
      return [message.id, message.whole]
    case 'warm':
      return [message.ring, message.warm]
  }
}

/** Undefined for a number of another kind. Throws ERR_MALFORMED_MESSAGE. */
export function readTransfer(number: number, fields: readonly unknown[]): TransferMessage | undefined {
  const kind = NUMBERS[number]
  if (kind === undefined) return undefined
  const [a, b, c, d, e] = fields
  if (kind === 'warm') return { kind, ring: serial(a), warm: flag(b) }
  const id = serial(a)
  switch (kind) {
    case 'offer':
      return { kind, id, ring: serial(b), entries: serial(c), routine: flag(d), since: serial(e) }
    case 'compare':
      return { kind, id, digests: bytes(b, SLICES * 4) }
    case 'differing':
      return { kind, id, slices: bytes(b, SLICES), floors: bytes(c, FLOORS_MAX * FLOOR_BYTES) }
    case 'fetch':
      return { kind, id, page: serial(b), held: bytes(c, PAIRS_BYTES_MAX) }
    case 'page':
      return { kind, id, page: serial(b), last: flag(c), ring: serial(d), entries: readEntries(e) }
    case 'fetched':
      return { kind, id, whole: flag(b) }
  }
}

function readEntries(value: unknown): TransferredEntry[] {
  return list(value, LIMITS.pageEntriesMax).map(item => {
    const [key, entry] = list(item, FIELDS_MAX)
    return { key: text(key, LIMITS.keyBytesMax), entry: readCarried(list(entry, FIELDS_MAX)) }
  })
}
