// Ending a libp2p connection without an exception, which in a listener would end the process.

import type { Connection } from '@libp2p/interface'

/**
 * Ends the connection at once, as soon as the current call has returned. libp2p must not be called from within
 * its own abort: the inner call closes what the outer one still writes to.
 */
export async function abortConnection(connection: Connection, reason: Error): Promise<void> {
  await Promise.resolve()
  try {
    connection.abort(reason)
  } catch {
    // The multiplexer could not say goodbye on a connection that was closing, and gave up before the socket
    // was closed. It does not try a second time.
    try {
      connection.abort(reason)
    } catch {}
  }
}

/** Lets what was sent leave, within libp2p's time for it. */
export async function closeConnection(connection: Connection, signal?: AbortSignal): Promise<void> {
  try {
    await connection.close(signal === undefined ? {} : { signal })
  } catch (error) {
    await abortConnection(connection, error as Error)
  }
}
