// A connection over a TLS socket, as libp2p sees it: the multiplexer reads and writes here. What is sent in one turn of
// the event loop, and while an earlier write is under way, leaves in one write: each takes a turn and a record at least.
// It is gathered in memory that is used again and again: memory for buffers counts against a bound of the engine, and
// whenever that is reached the whole heap is searched for garbage.

import type { TLSSocket } from 'node:tls'
import type { AbortOptions, MessageStream } from '@libp2p/interface'
import { AbstractMessageStream, type SendResult } from '@libp2p/utils'
import { SLICE_BYTES } from './bulk-pace.ts'
import { WholeFrames } from './whole-frames.ts'

type Pieces = Parameters<AbstractMessageStream['sendData']>[0]

/** Of one write: two slices with their heads. A small frame that comes behind large ones waits for two writes at most. */
const WRITE_BYTES_MAX = 2 * SLICE_BYTES + 1024
/** Buffers that wait to be used again, by whatever connection; others are left to the collector. */
const SPARE_MAX = 32
const spare: Uint8Array[] = []

export class TlsConnection extends AbstractMessageStream {
  readonly #beneath: MessageStream
  readonly #socket: TLSSocket
  /** What leaves with the next write. */
  #gathered: Uint8Array | undefined
  #gatheredBytes = 0
  #writing = false
  #flushing = false
  #frames: WholeFrames | undefined

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
    socket.on('data', chunk => this.#receive(chunk))
    socket.on('error', error => beneath.abort(error))
    socket.on('close', () => this.#closeBeneath())
    beneath.addEventListener('close', ({ error, local }) => {
      socket.destroy()
      if (error === undefined) this.onTransportClosed()
      else if (local) this.abort(error)
      else this.onRemoteReset()
    })
    if (socket.destroyed) this.#closeBeneath()
  }

  async close(options?: AbortOptions): Promise<void> {
    this.#write()
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
    this.#gathered ??= spare.pop() ?? new Uint8Array(WRITE_BYTES_MAX)
    let sentBytes = 0
    for (const piece of data) {
      const room = WRITE_BYTES_MAX - this.#gatheredBytes
      const fitting = piece.length <= room ? piece : piece.subarray(0, room)
      this.#gathered.set(fitting, this.#gatheredBytes)
      this.#gatheredBytes += fitting.length
      sentBytes += fitting.length
      if (fitting !== piece) break
    }
    if (!this.#flushing && !this.#writing) {
      this.#flushing = true
      queueMicrotask(this.#flush)
    }
    return { sentBytes, canSendMore: this.#gatheredBytes < WRITE_BYTES_MAX }
  }

  readonly #flush = (): void => {
    this.#flushing = false
    if (!this.#writing) this.#write()
  }

  #write(): void {
    const bytes = this.#gathered
    if (bytes === undefined) return
    const length = this.#gatheredBytes
    this.#gathered = undefined
    this.#gatheredBytes = 0
    this.#writing = true
    this.#socket.write(bytes.subarray(0, length), error => {
      this.#writing = false
      if (error) return
      if (spare.length < SPARE_MAX) spare.push(bytes)
      this.#write()
      if (this.writableNeedsDrain) this.safeDispatchEvent('drain')
    })
  }

  /** From now on frames of the multiplexer arrive; what is unread already belongs to them. */
  expectFrames(): void {
    this.#frames ??= new WholeFrames(bytes => this.onData(bytes))
  }

  /** What was read too early comes back. */
  override unshift(data: Pieces | Uint8Array): void {
    if (this.#frames === undefined) {
      super.unshift(data)
      return
    }
    for (const piece of data instanceof Uint8Array ? [data] : data) this.#frames.push(piece)
  }

  #receive(chunk: Buffer<ArrayBuffer>): void {
    if (this.#frames === undefined) {
      this.onData(chunk)
      return
    }
    // Nobody else has it. Detached, its memory is free now, and not when the collector comes by.
    if (this.#frames.push(chunk) && chunk.length === chunk.buffer.byteLength) chunk.buffer.transfer(0)
  }

  #closeBeneath(): void {
    this.#beneath.close().catch(error => this.#beneath.abort(error))
  }
}
