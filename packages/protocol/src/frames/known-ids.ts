// Ids of members, as frames have them again and again: to find one costs a fraction of decoding it, and the same string
// each time is found in a map by its address.

import { readText } from './text.ts'

const SLOTS = 64
const NO_BYTES = new Uint8Array(0)

const texts: string[] = new Array(SLOTS).fill('')
const known: Uint8Array[] = new Array(SLOTS).fill(NO_BYTES)

/** The text of these bytes, of which there is one at least. Throws ERR_MALFORMED_FRAME. */
export function readId(bytes: Uint8Array, start: number, end: number): string {
  // Ids of nodes begin alike, and end at random.
  const slot = ((bytes[end - 1] as number) * 7 + (bytes[end - 2] ?? 0)) % SLOTS
  if (equals(known[slot] as Uint8Array, bytes, start, end)) return texts[slot] as string
  const text = readText(bytes, start, end)
  known[slot] = bytes.slice(start, end)
  texts[slot] = text
  return text
}

function equals(id: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (id.length !== end - start) return false
  for (let i = 0; i < id.length; i++) if (id[i] !== bytes[start + i]) return false
  return true
}
