// Body of settled: the ids of requests, each a u32.

import { malformed } from './text.ts'

export function packSettled(ids: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(ids.length * 4)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < ids.length; i++) view.setUint32(i * 4, ids[i] as number, true)
  return bytes
}

/** Throws ERR_MALFORMED_FRAME. */
export function unpackSettled(body: Uint8Array): number[] {
  if (body.length % 4 !== 0) throw malformed('a part of the id of a request')
  const view = new DataView(body.buffer, body.byteOffset, body.length)
  return Array.from({ length: body.length / 4 }, (_, i) => view.getUint32(i * 4, true))
}
