// Fewer, larger records on a secured connection. Every piece that is sent over it is encrypted and written to
// the socket by itself, which costs more than the small frames inside. The multiplexer (yamux) sends the head
// and the data of its frame as two pieces, and answers every frame it reads with a window update. Here a small
// frame leaves as one piece, unless the connection gathers what is sent by itself; window updates are added up until
// they matter, and then leave with the next frame.
//
// Withholding an update is within the rules of yamux: the peer may send a whole window ahead of them, and seven eighths of
// it, or more, are always left.

import type { MessageStream } from '@libp2p/interface'
import { TlsConnection } from './tls-connection.ts'

type Data = Parameters<MessageStream['send']>[0]

/** Copying more than this costs more than a second record. */
const JOIN_BYTES_MAX = 32 * 1024
/**
 * How far a stream may be ahead of its reader, from its begin: both sides have to know. It holds as many values of 64 KiB as
 * one asks for at a time; with less, both sides wait for updates (decision 0061).
 */
export const WINDOW_BYTES = 4 * 1024 * 1024
/** Of the window of one stream. */
const WITHHELD_BYTES_MAX = WINDOW_BYTES / 8

// Head of a yamux frame, big-endian: u8 version, u8 type, u16 flags, u32 stream, u32 length or window.
const HEAD_BYTES = 12
const WINDOW_UPDATE = 0x0001_0000 // version 0, type 1, no flags: it opens, ends and resets nothing

/** Makes `connection` join what is sent over it; call it before the multiplexer gets the connection. */
export function joinSends(connection: MessageStream): void {
  const send = connection.send.bind(connection)
  const withheld = new Map<number, number>()
  const gathers = connection instanceof TlsConnection
  let due: Uint8Array[] = []

  const release = (): void => {
    if (due.length === 0) return
    try {
      send(joined(takeDue(), undefined))
    } catch {
      // The connection has ended meanwhile, and nobody waits for the update.
    }
  }

  const takeDue = (): Uint8Array[] => {
    const updates = due
    due = []
    return updates
  }

  const withhold = (update: Uint8Array): void => {
    const view = new DataView(update.buffer, update.byteOffset, HEAD_BYTES)
    const stream = view.getUint32(4)
    const window = (withheld.get(stream) ?? 0) + view.getUint32(8)
    if (window < WITHHELD_BYTES_MAX) {
      withheld.set(stream, window)
      return
    }
    withheld.delete(stream)
    view.setUint32(8, window)
    if (due.push(update) === 1) setImmediate(release)
  }

  connection.send = data => {
    if (isWindowUpdate(data)) {
      withhold(data)
      return !connection.writableNeedsDrain
    }
    if (data.byteLength > JOIN_BYTES_MAX) {
      release()
      return send(data)
    }
    if (gathers) {
      for (const update of takeDue()) send(update)
      return send(data)
    }
    return send(data instanceof Uint8Array && due.length === 0 ? data : joined(takeDue(), data))
  }
}

function isWindowUpdate(data: Data): data is Uint8Array {
  if (!(data instanceof Uint8Array) || data.length !== HEAD_BYTES) return false
  return new DataView(data.buffer, data.byteOffset, HEAD_BYTES).getUint32(0) === WINDOW_UPDATE
}

function joined(updates: readonly Uint8Array[], data: Data | undefined): Uint8Array {
  const all = new Uint8Array(updates.length * HEAD_BYTES + (data?.byteLength ?? 0))
  let at = 0
  const add = (piece: Uint8Array): void => {
    all.set(piece, at)
    at += piece.length
  }
  for (const update of updates) add(update)
  if (data instanceof Uint8Array) add(data)
  else if (data !== undefined) for (const piece of data) add(piece)
  return all
}
