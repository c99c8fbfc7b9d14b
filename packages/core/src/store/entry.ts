import { BOUNDS } from '../limits/limits.ts'

/** What is kept under a key. Immutable: a write puts a new one. */
export interface Entry {
  /** Memory of its own, never a view into a larger chunk. Empty in a delete marker. */
  readonly value: Uint8Array
  /** '' is a structured value; anything else a media type. */
  readonly contentType: string
  /** Orders two entries of one key, and is their compare-and-set token (clock.ts). */
  readonly version: number
  /** Monotonic ms at which it stops existing; Infinity: never. */
  readonly expiresAt: number
  /** A delete marker: it says that there is nothing, and since which version. No read ever shows it. */
  readonly deleted: boolean
  /** Ms that it took to make the value; 0: unknown. */
  readonly cost: number
  /** Monotonic ms from which on it is served only while somebody refreshes it; Infinity: never. */
  readonly staleAt: number
  /** Slots of the tags that it can be deleted with, in order (protocol: tags.ts). */
  readonly tags: readonly number[]
}

/** An entry without its version, and with nothing said that is as usual. */
export interface NewEntry {
  readonly value: Uint8Array
  readonly contentType: string
  /** Monotonic ms; Infinity: no expiry. */
  readonly expiresAt: number
  readonly cost?: number
  readonly staleAt?: number
  readonly tags?: readonly number[]
}

const NO_TAGS: readonly number[] = []
const NO_BYTES = new Uint8Array(0)

export function entryOf(entry: NewEntry, version: number): Entry {
  const { value, contentType, expiresAt, cost = 0, tags = NO_TAGS } = entry
  const staleAt = entry.staleAt ?? Number.POSITIVE_INFINITY
  return { value, contentType, version, expiresAt, deleted: false, cost, staleAt, tags }
}

/** The marker of a delete. `expiresAt` is when it may be forgotten. */
export function deleteMarker(version: number, expiresAt: number): Entry {
  return {
    value: NO_BYTES,
    contentType: '',
    version,
    expiresAt,
    deleted: true,
    cost: 0,
    staleAt: Number.POSITIVE_INFINITY,
    tags: NO_TAGS,
  }
}

/** What an entry takes out of the budget. */
export function entryBytes(key: string, { value, contentType, tags }: Entry): number {
  // Two bytes per character: V8 may keep a key either way, and the larger is the safe one.
  const characters = key.length + contentType.length
  return characters * 2 + tags.length * 8 + value.byteLength + BOUNDS.entryOverheadBytes
}
