// Keys as they lie in an entry, UTF-8, compared with strings: a look-up makes neither bytes nor a string.

import { EXTRA, EXTRA_BYTES, HEAD, HEADER_BYTES, KEY } from './layout.ts'
import type { Segments } from './segments.ts'

const REPLACEMENT = 0xfffd
/** Four characters are compared at once where a word has its first byte lowest, which is nearly everywhere. */
const IS_LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1

/** True when this is the key of the entry. */
export function hasKey(segments: Segments, address: number, key: string): boolean {
  const segment = address >>> segments.shift
  const unit = address & segments.mask
  const words = segments.words[segment]!
  const length = words[(unit << 1) + KEY]! & 0xffff
  const extra = (words[(unit << 1) + HEAD]! & EXTRA) === 0 ? 0 : EXTRA_BYTES
  const at = (unit << 3) + HEADER_BYTES + extra
  const bytes = segments.bytes[segment]!
  // As many bytes as units: all of it is ASCII, or it is another key.
  if (length !== key.length) return length > key.length && hasUtf8(bytes, { at, length, key })
  let i = 0
  for (let word = at >> 2; IS_LITTLE_ENDIAN && i + 4 <= length; word++, i += 4) {
    const a = key.charCodeAt(i)
    const b = key.charCodeAt(i + 1)
    const c = key.charCodeAt(i + 2)
    const d = key.charCodeAt(i + 3)
    if ((a | b | c | d) > 0x7f || words[word] !== (a | (b << 8) | (c << 16) | (d << 24))) return false
  }
  for (; i < length; i++) if (bytes[at + i] !== key.charCodeAt(i)) return false
  return true
}

interface Compared {
  readonly at: number
  readonly length: number
  readonly key: string
}

function hasUtf8(bytes: Uint8Array, { at, length, key }: Compared): boolean {
  const end = at + length
  let byte = at
  for (let i = 0; i < key.length; i++) {
    const point = codePoint(key, i)
    if (point > 0xffff) i++
    if (byte >= end) return false
    if (point < 0x80) {
      if (bytes[byte++] !== point) return false
    } else if (point < 0x800) {
      if (bytes[byte++] !== (0xc0 | (point >> 6)) || bytes[byte++] !== last(point)) return false
    } else {
      if (point < 0x10000) {
        if (bytes[byte++] !== (0xe0 | (point >> 12))) return false
      } else if (bytes[byte++] !== (0xf0 | (point >> 18)) || bytes[byte++] !== last(point >> 12)) return false
      if (bytes[byte++] !== last(point >> 6) || bytes[byte++] !== last(point)) return false
    }
  }
  return byte === end
}

function last(bits: number): number {
  return 0x80 | (bits & 0x3f)
}

/** Half of a surrogate pair is U+FFFD, as in the hash of a key and in its bytes. */
function codePoint(key: string, index: number): number {
  const unit = key.charCodeAt(index)
  if ((unit & 0xf800) !== 0xd800) return unit
  const next = unit < 0xdc00 ? key.charCodeAt(index + 1) : 0
  return (next & 0xfc00) === 0xdc00 ? 0x10000 + ((unit & 0x3ff) << 10) + (next & 0x3ff) : REPLACEMENT
}
