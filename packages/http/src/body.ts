// The body of a PUT, read as it is, within bounds: of one value, and of all large bodies together, coming or
// going, so that many slow clients cannot fill the memory.

import type { IncomingMessage } from 'node:http'
import { CacheMeshError, LIMITS } from '@cachemesh/protocol'

/** Bytes of large bodies that are under way at once: four of the largest values. */
const UNDER_WAY_BYTES_MAX = 4 * LIMITS.valueBytesMax
/** Smaller bodies are not counted: the sockets' own buffers are of that size. */
export const COUNTED_FROM_BYTES = 64 * 1024

/** Counts the bytes of bodies under way. */
export class Traffic {
  #bytes = 0

  get bytes(): number {
    return this.#bytes
  }

  /** Throws ERR_OVERLOADED; then nothing was taken. */
  take(bytes: number): void {
    if (this.#bytes + bytes > UNDER_WAY_BYTES_MAX) {
      throw new CacheMeshError('ERR_OVERLOADED', 'Too many large values are under way; try again')
    }
    this.#bytes += bytes
  }

  give(bytes: number): void {
    this.#bytes -= bytes
  }
}

/** Resolves to the whole body; `taken` is told of bytes before they are kept, and may throw. */
export function readBody(request: IncomingMessage, taken: (bytes: number) => void): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const announced = Number(request.headers['content-length'] ?? 0)
    if (announced > LIMITS.valueBytesMax) {
      reject(tooLarge(announced))
      return
    }
    const chunks: Buffer[] = []
    let sizeBytes = 0
    const fail = (error: unknown) => {
      chunks.length = 0
      request.off('data', onData)
      // What still comes is read and dropped, so that the client hears the answer.
      request.resume()
      reject(error)
    }
    const onData = (chunk: Buffer) => {
      sizeBytes += chunk.length
      try {
        if (sizeBytes > LIMITS.valueBytesMax) throw tooLarge(sizeBytes)
        taken(chunk.length)
      } catch (error) {
        fail(error)
        return
      }
      chunks.push(chunk)
    }
    request.on('data', onData)
    request.once('error', () => fail(cutOff()))
    request.once('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)))
  })
}

function tooLarge(bytes: number): CacheMeshError {
  return new CacheMeshError(
    'ERR_VALUE_TOO_LARGE',
    `The value takes ${bytes} bytes or more; the limit is ${LIMITS.valueBytesMax}`,
  )
}

function cutOff(): CacheMeshError {
  return new CacheMeshError('ERR_INVALID_ARGUMENT', 'The request ended before its body was complete')
}
