/** What is kept under a key. The store makes one whenever it is asked: there is no such object in it. */
export interface Entry {
  /**
   * Of an entry that the store shows: a view, valid until the next write. The store copies a small value that it is
   * given, and keeps a large one, which has to be memory of its own. Empty in a delete marker.
   */
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

export const NO_TAGS: readonly number[] = []
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
