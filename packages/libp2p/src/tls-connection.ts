// A connection over a TLS socket, as libp2p sees it: the multiplexer reads and writes here.

import type { TLSSocket } from 'node:tls'
import type { AbortOptions, MessageStream } from '@libp2p/interface'
import { AbstractMessageStream, type SendResult } from '@libp2p/utils'

type Pieces = Parameters<AbstractMessageStream['sendData']>[0]

export class TlsConnection extends AbstractMessageStream {
  readonly #beneath: MessageStream
  readonly #socket: TLSSocket
  #corked = false

  /** `beneath`: the connection whose socket `socket` encrypts. Nothing else is sent over it any more. */
  constructor(beneath: MessageStream, socket: TLSSocket) {
    super({
      log: beneath.log,
      inactivityTimeout: beneath.inactivityTimeout,
      maxReadBufferLength: beneath.maxReadBufferLength,
      direction: beneath.direction,
    })
    this.#beneath = beneath
    this.#socket = socket
    socket.on('data', chunk => this.onData(chunk))
    socket.on('error', error => beneath.abort(error))
    socket.on('close', () => this.#closeBeneath())
    socket.on('drain', () => this.safeDispatchEvent('drain'))
    beneath.addEventListener('close', ({ error, local }) => {
      socket.destroy()
      if (error === undefined) this.onTransportClosed()
      else if (local) this.abort(error)
      else this.onRemoteReset()
    })
    if (socket.destroyed) this.#closeBeneath()
  }

  async close(options?: AbortOptions): Promise<void> {
    this.#socket.destroySoon()
    await this.#beneath.close(options)
  }

  sendPause(): void {
    this.#socket.pause()
  }

  sendResume(): void {
    this.#socket.resume()
  }

  sendReset(error: Error): void {
    this.#socket.destroy()
    this.#beneath.abort(error)
  }

  sendData(data: Pieces): SendResult {
    let sentBytes = 0
    let canSendMore = true
    if (!this.#corked) {
      this.#corked = true
      this.#socket.cork()
      queueMicrotask(this.#uncork)
    }
    for (const piece of data) {
      sentBytes += piece.byteLength
      canSendMore = this.#socket.write(piece)
      if (!canSendMore) break
    }
    return { sentBytes, canSendMore }
  }

  readonly #uncork = (): void => {
    this.#corked = false
    this.#socket.uncork()
  }

  #closeBeneath(): void {
    this.#beneath.close().catch(error => this.#beneath.abort(error))
  }
}
