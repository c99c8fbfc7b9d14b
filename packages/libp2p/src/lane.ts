// One of the two streams of a link, after libp2p has negotiated its protocol. Each side greets before it sends
// frames: a stream that libp2p reports as open may already have been reset by the other side, and only an
// answer from the code behind it shows that it is usable.

import { CacheMeshError, type Frame, FrameReader } from '@cachemesh/protocol'
import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'
import { giveBack } from './whole-frames.ts'
import { accountYoung } from './young.ts'

const GREETING = new TextEncoder().encode('cachemesh\n')

/** Memory that is written to anyway need not be filled with zeros first: 5 % of an asker's time with values of 64 KiB. */
const unfilled = (bytes: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer)

export interface LaneOwner {
  /** False until both lanes are greeted, and again when the link is down. */
  readonly isUp: boolean
  greeted(): void
  frame(frame: Frame): void
  /** The frames that arrived together were handed over. */
  through(): void
  failed(reason: CacheMeshError): void
}

export class Lane {
  readonly stream: Stream
  greeted = false
  receivedBytes = 0
  readonly #owner: LaneOwner
  readonly #reader: FrameReader
  readonly #receive: (frame: Frame) => void
  #greetingBytes = 0
  /** Chunks that overtook the greeting of the other lane. */
  #early: Uint8Array[] = []

  constructor(stream: Stream, frameBytesMax: number, owner: LaneOwner) {
    this.stream = stream
    this.#owner = owner
    this.#reader = new FrameReader(frameBytesMax, unfilled)
    this.#receive = frame => owner.frame(frame)
    stream.addEventListener('message', event => this.#onMessage(event))
    stream.addEventListener('close', event => owner.failed(ended(event)))
    // libp2p may hand out a stream whose end was announced before anybody could listen.
    if (stream.status !== 'open') owner.failed(left())
  }

  greet(): void {
    this.stream.send(GREETING)
  }

  /** Delivers what arrived before the link was up. */
  release(): void {
    const early = this.#early
    this.#early = []
    for (const chunk of early) this.#read(chunk)
  }

  #onMessage(event: StreamMessageEvent): void {
    const { data } = event
    if (data instanceof Uint8Array) {
      this.#read(data)
      return
    }
    for (const chunk of data) this.#read(chunk)
  }

  /** Never throws: an exception in a listener of a stream would end the process. */
  #read(chunk: Uint8Array): void {
    this.receivedBytes += chunk.length
    try {
      if (this.#owner.isUp) {
        const copied = this.#reader.push(chunk, this.#receive)
        this.#owner.through()
        if (copied) {
          giveBack(chunk)
          accountYoung(chunk.length)
        }
      } else {
        this.#readEarly(chunk)
      }
    } catch (error) {
      this.#owner.failed(
        error instanceof CacheMeshError
          ? error
          : new CacheMeshError('ERR_INTERNAL', 'A frame could not be handled', { cause: error }),
      )
    }
  }

  #readEarly(chunk: Uint8Array): void {
    let at = 0
    for (; at < chunk.length && this.#greetingBytes < GREETING.length; at++) {
      if (chunk[at] !== GREETING[this.#greetingBytes++]) {
        throw new CacheMeshError('ERR_MALFORMED_FRAME', 'A stream does not begin with the greeting')
      }
    }
    if (at < chunk.length) this.#early.push(chunk.subarray(at))
    if (this.#greetingBytes === GREETING.length && !this.greeted) {
      this.greeted = true
      this.#owner.greeted()
    }
  }
}

function ended(event: StreamCloseEvent): CacheMeshError {
  if (event.error === undefined) return left()
  return new CacheMeshError('ERR_UNREACHABLE', `The connection broke: ${event.error.message}`, {
    cause: event.error,
  })
}

export function left(): CacheMeshError {
  return new CacheMeshError('ERR_UNREACHABLE', 'The peer closed the connection')
}
