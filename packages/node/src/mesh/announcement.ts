// What gossip carries: a message as in a frame, its kind in the first byte.

import { decodeMessage, encodeMessage, type Message } from '@cachemesh/protocol'

export function writeAnnouncement(message: Message): Uint8Array {
  const { kind, body } = encodeMessage(message)
  const bytes = new Uint8Array(body.length + 1)
  bytes[0] = kind
  bytes.set(body, 1)
  return bytes
}

/** Throws what `decodeMessage` throws. */
export function readAnnouncement(bytes: Uint8Array): Message {
  return decodeMessage(bytes[0] ?? 0, bytes.subarray(1))
}
