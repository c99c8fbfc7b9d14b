// Fewer, larger records on a secured connection. The multiplexer sends the head and the data of its frame as
// two pieces, and acknowledges every frame it reads with one of its own; each piece would be encrypted and
// written to the socket by itself, which costs more than the frames inside. Here a small frame leaves as one
// piece, and the acknowledgements of a tick wait for the frames that answer in the same tick.

import type { MessageStream } from '@libp2p/interface'

type Data = Parameters<MessageStream['send']>[0]

/** Copying more than this costs more than a second record. */
const JOIN_BYTES_MAX = 32 * 1024
/** Of the head of a yamux frame, which is all of a window update. */
const HEAD_BYTES = 12
const WINDOW_UPDATE = 1

/** Makes `connection` join what is sent over it; call it before the multiplexer gets the connection. */
export function joinSends(connection: MessageStream): void {
  const send = connection.send.bind(connection)
  let held: Uint8Array[] = []

  const release = (): void => {
    // The connection may have ended meanwhile; then nobody waits for the update.
    if (held.length === 0 || connection.writeStatus !== 'writable') return
    const updates = held
    held = []
    send(joined(updates, undefined))
  }

  connection.send = data => {
    if (isWindowUpdate(data)) {
      if (held.push(data) === 1) setImmediate(release)
      return !connection.writableNeedsDrain
    }
    if (data.byteLength > JOIN_BYTES_MAX) {
      release()
      return send(data)
    }
    const updates = held
    held = []
    return send(data instanceof Uint8Array && updates.length === 0 ? data : joined(updates, data))
  }
}

/** One that opens, ends or resets a stream has flags, and is not to be delayed. */
function isWindowUpdate(data: Data): data is Uint8Array {
  return (
    data instanceof Uint8Array &&
    data.length === HEAD_BYTES &&
    data[1] === WINDOW_UPDATE &&
    data[0] === 0 &&
    data[2] === 0 &&
    data[3] === 0
  )
}

function joined(updates: readonly Uint8Array[], data: Data | undefined): Uint8Array {
  const all = new Uint8Array(updates.length * HEAD_BYTES + (data?.byteLength ?? 0))
  let at = 0
  for (const update of updates) {
    all.set(update, at)
    at += HEAD_BYTES
  }
  if (data === undefined) return all
  if (data instanceof Uint8Array) {
    all.set(data, at)
    return all
  }
  for (const piece of data) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}
