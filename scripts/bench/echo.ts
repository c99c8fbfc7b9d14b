// The least that any request over a channel costs: a server that cuts the stream into frames and answers each
// with bytes of the wanted length, and a client that makes a promise per request. Both gather the frames of
// one turn of the event loop into one write, as a link of the mesh does.
//
//   request   u32 length of the rest   u32 id   u32 bytes wanted   key
//   answer    u32 length of the rest   u32 id   bytes

/** A stream of bytes: TCP, or a stream over a secure channel. What is sent is not written to again. */
export interface ByteChannel {
  send(bytes: Uint8Array): void
}

const SLAB_BYTES = 64 * 1024
/** First byte of every answer. */
export const ECHO_BYTE = 7

export class EchoClient {
  readonly #batch: Batch
  readonly #cutter = new Cutter()
  readonly #waiting = new Map<number, (value: Uint8Array) => void>()
  readonly #answerBytes: number
  #lastId = 0

  constructor(channel: ByteChannel, answerBytes: number) {
    this.#batch = new Batch(channel)
    this.#answerBytes = answerBytes
  }

  get(key: string): Promise<Uint8Array> {
    return new Promise(resolve => {
      this.#lastId = (this.#lastId + 1) >>> 0
      const id = this.#lastId
      this.#waiting.set(id, resolve)
      const at = this.#batch.reserve(12 + key.length)
      const { bytes, view } = this.#batch
      view.setUint32(at, 8 + key.length)
      view.setUint32(at + 4, id)
      view.setUint32(at + 8, this.#answerBytes)
      for (let i = 0; i < key.length; i++) bytes[at + 12 + i] = key.charCodeAt(i)
    })
  }

  receive(chunk: Uint8Array): void {
    this.#cutter.push(chunk, (bytes, view, at, end) => {
      const id = view.getUint32(at)
      const resolve = this.#waiting.get(id)
      this.#waiting.delete(id)
      // A copy, as a cache has to give it: the chunk would stay in memory as long as any value of it.
      resolve?.(Uint8Array.prototype.slice.call(bytes, at + 4, end))
    })
  }
}

/** Answers what arrives on a channel. */
export function echoServer(channel: ByteChannel): (chunk: Uint8Array) => void {
  const batch = new Batch(channel)
  const cutter = new Cutter()
  const answers = new Map<number, Uint8Array>()
  return chunk =>
    cutter.push(chunk, (_bytes, request, at) => {
      const answerBytes = request.getUint32(at + 4)
      let answer = answers.get(answerBytes)
      if (answer === undefined) {
        answer = new Uint8Array(answerBytes).fill(ECHO_BYTE)
        answers.set(answerBytes, answer)
      }
      const start = batch.reserve(8 + answerBytes)
      batch.view.setUint32(start, 4 + answerBytes)
      batch.view.setUint32(start + 4, request.getUint32(at))
      batch.bytes.set(answer, start + 8)
    })
}

/** Frames that leave together at the end of this turn of the event loop. */
class Batch {
  bytes: Uint8Array = new Uint8Array(0)
  view: DataView = new DataView(this.bytes.buffer)
  readonly #channel: ByteChannel
  #sent = 0
  #end = 0

  constructor(channel: ByteChannel) {
    this.#channel = channel
  }

  /** Where to write `count` bytes. */
  reserve(count: number): number {
    if (this.#end === this.#sent) setImmediate(this.#flush)
    if (this.#end + count > this.bytes.length) this.#grow(count)
    const at = this.#end
    this.#end += count
    return at
  }

  #grow(count: number): void {
    const waiting = this.bytes.subarray(this.#sent, this.#end)
    const bytes = new Uint8Array(Math.max(SLAB_BYTES, 2 * (waiting.length + count)))
    bytes.set(waiting)
    this.bytes = bytes
    this.view = new DataView(bytes.buffer)
    this.#sent = 0
    this.#end = waiting.length
  }

  readonly #flush = (): void => {
    const bytes = this.bytes.subarray(this.#sent, this.#end)
    this.#sent = this.#end
    this.#channel.send(bytes)
  }
}

type Receive = (bytes: Uint8Array, view: DataView, at: number, end: number) => void

/** Cuts chunks into frames; a frame that spans chunks is joined once, when it is complete. */
class Cutter {
  #parts: Uint8Array[] = []
  #held = 0
  #needed = 4

  push(chunk: Uint8Array, receive: Receive): void {
    let bytes = chunk
    if (this.#held > 0) {
      this.#parts.push(chunk)
      this.#held += chunk.length
      if (this.#held < this.#needed) return
      bytes = Buffer.concat(this.#parts)
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    let at = 0
    this.#needed = 4
    while (bytes.length - at >= 4) {
      const end = at + 4 + view.getUint32(at)
      if (end > bytes.length) {
        this.#needed = end - at
        break
      }
      receive(bytes, view, at + 4, end)
      at = end
    }
    this.#held = bytes.length - at
    this.#parts = this.#held > 0 ? [bytes.subarray(at)] : []
  }
}
