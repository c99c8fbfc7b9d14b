import { BOUNDS } from '../limits/limits.ts'

/** What is kept under a key. Immutable: a write puts a new one. */
export interface Entry {
  /** Memory of its own, never a view into a larger chunk. */
  readonly value: Uint8Array
  /** '' is a structured value; anything else a media type. */
  readonly contentType: string
  /** Orders two entries of one key, and is their compare-and-set token (clock.ts). */
  readonly version: number
  /** Monotonic ms at which it stops existing; Infinity: never. */
  readonly expiresAt: number
}

/** What an entry takes out of the budget. */
export function entryBytes(key: string, entry: Entry): number {
  // Two bytes per character: V8 may keep a key either way, and the larger is the safe one.
  return key.length * 2 + entry.value.byteLength + entry.contentType.length * 2 + BOUNDS.entryOverheadBytes
}
