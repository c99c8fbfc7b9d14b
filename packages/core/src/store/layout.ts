// How an entry lies in a segment: words of 32 bits, then its key, media type, tags and value. Addresses count units
// of 8 bytes from the start of the first segment, so that one word holds them; address 0 is nobody's.
//
//   word 0      ordering of the key in the table of keys (hash-table.ts)
//   word 1      size in units, and flags
//   words 2–3   neighbours in a queue, or in a list of free blocks
//   words 4–5   version, a double
//   words 6–7   expiresAt, a double
//   word 8      bytes of the value
//   word 9      bytes of the key, number of the media type, bytes of a media type that has no number
//   words 10–17 with EXTRA only: staleAt, cost, priority, each a double; number of tags, 16 bits each
//
// Key, media type and tags each begin and end at a whole word, so that a value can be copied by words.

export const UNIT_BYTES = 8

export const ORDER = 0
export const HEAD = 1
export const PREV = 2
export const NEXT = 3
export const VALUE_BYTES = 8
export const KEY = 9
export const TAGS = 16

/** Places of doubles, in units. */
export const VERSION = 2
export const EXPIRES = 3
export const STALE = 5
export const COST = 6
export const PRIORITY = 7

export const HEADER_BYTES = 40
export const EXTRA_BYTES = 32

/** Fields of HEAD. */
export const UNITS = 0xffff
/** Somebody lives here; without it the block is free. */
export const LIVE = 1 << 16
/** The value lies outside, in memory of its own; the first word behind the tags is its number. */
export const OUTSIDE = 1 << 17
export const EXTRA = 1 << 18
export const QUEUE_SHIFT = 20
export const QUEUE = 0x3f << QUEUE_SHIFT
export const HITS_SHIFT = 26
export const HITS = 0xf << HITS_SHIFT
/** The block before this one is free, and its size is in its last word. */
export const BEFORE_FREE = 1 << 30

/** No block is smaller: a header and a key. */
export const BLOCK_UNITS_MIN = 6

export function whole(bytes: number): number {
  return (bytes + 3) & ~3
}
