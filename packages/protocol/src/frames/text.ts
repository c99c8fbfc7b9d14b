import { CacheMeshError } from '../errors.ts'

// A byte order mark is a character of a key like any other.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

/** Writes UTF-8, for which there is room. Returns the bytes written. ASCII, the usual text, skips the encoder. */
export function writeText(value: string, bytes: Uint8Array, start: number): number {
  let i = 0
  for (; i < value.length; i++) {
    const unit = value.charCodeAt(i)
    if (unit >= 0x80) break
    bytes[start + i] = unit
  }
  return i < value.length ? i + encoder.encodeInto(value.slice(i), bytes.subarray(start + i)).written : i
}

/** For texts of 0 to 32 bytes, one array each: the characters of the text that is read now. */
const UNITS: readonly number[][] = Array.from({ length: 33 }, (_, length) => new Array(length).fill(0))

/** UTF-8 to string. Short ASCII, the usual key, skips the decoder, which costs more than the key. */
export function readText(bytes: Uint8Array, start: number, end: number): string {
  if (end - start < UNITS.length) {
    const units = UNITS[end - start] as number[]
    let ascii = 0
    for (let i = 0; i < units.length; i++) {
      const unit = bytes[start + i] as number
      units[i] = unit
      ascii |= unit
    }
    if (ascii < 0x80) return String.fromCharCode.apply(null, units)
  }
  try {
    return utf8.decode(bytes.subarray(start, end))
  } catch {
    throw malformed('text that is not UTF-8')
  }
}

export function malformed(what: string): CacheMeshError {
  return new CacheMeshError('ERR_MALFORMED_FRAME', `The frame holds ${what}`)
}
