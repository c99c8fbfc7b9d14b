// Values that say what they are: of which key, of which write, and to the last byte. So every value that is read
// can be compared with the only one that this write of this key can have left.

import type { Operation } from './operation.ts'

export const CONTENT_TYPE = 'application/octet-stream'

const ascii = (text: string): number[] => Array.from(text, character => character.charCodeAt(0))

type Write = Pick<Operation, 'id' | 'key' | 'sizeBytes'>

/** The value of a write. */
export function valueFor(write: Write): Uint8Array {
  const { id, key } = write
  const head = ascii(`${id} ${key}\n`)
  const value = new Uint8Array(bytesOf(write))
  value.set(head)
  for (let at = head.length; at < value.length; at++) value[at] = (id * 31 + at * 7) & 0xff
  return value
}

/** True when these are the bytes of that write of this key, to the last of them. */
export function isValueOf(id: number, key: string, value: Uint8Array): boolean {
  const head = `${id} ${key}\n`
  if (value.length < head.length) return false
  for (let at = 0; at < head.length; at++) if (value[at] !== head.charCodeAt(at)) return false
  for (let at = head.length; at < value.length; at++)
    if (value[at] !== ((id * 31 + at * 7) & 0xff)) return false
  return true
}

/** How long it is: no shorter than what it has to say. */
export function bytesOf({ id, key, sizeBytes }: Write): number {
  return Math.max(`${id} ${key}\n`.length, sizeBytes)
}

/** Number of the write that a value names; NaN: it names none. */
export function writeIn(value: Uint8Array): number {
  const end = value.indexOf(' '.charCodeAt(0))
  return end < 1 ? Number.NaN : Number(String.fromCharCode(...value.subarray(0, Math.min(end, 20))))
}
