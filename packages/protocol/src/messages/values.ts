import { Packr } from 'msgpackr'
import { CacheMeshError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { checkStructure } from './structure.ts'

/** Content type of a structured value; bytes have a media type instead. */
export const STRUCTURED = ''
export const BYTES = 'application/octet-stream'

// Records keep plain objects apart from Maps. Their shapes travel inside each value: no table is shared
// between nodes, so any value can be read on its own.
const packr = new Packr({ useRecords: true, structuredClone: true, encodeUndefinedAsNil: false })

export interface EncodedValue {
  /** Memory of its own: neither the caller's nor the encoder's. */
  readonly value: Uint8Array
  readonly contentType: string
}

/**
 * What an embedder's value is stored as: bytes stay bytes, anything else is encoded, by value. Throws
 * ERR_INVALID_VALUE or ERR_VALUE_TOO_LARGE.
 */
export function encodeValue(value: unknown): EncodedValue {
  if (value === undefined || typeof value === 'function' || typeof value === 'symbol') {
    throw invalid(`${typeof value} is not a value; store null or delete the key`)
  }
  const bytes = value instanceof Uint8Array
  const encoded = bytes ? new Uint8Array(value) : pack(value)
  if (encoded.length > LIMITS.valueBytesMax) {
    throw new CacheMeshError(
      'ERR_VALUE_TOO_LARGE',
      `The value takes ${encoded.length} bytes; the limit is ${LIMITS.valueBytesMax}`,
    )
  }
  return { value: encoded, contentType: bytes ? BYTES : STRUCTURED }
}

/** A fresh value that the caller may change. Throws ERR_INVALID_VALUE for damaged bytes. */
export function decodeValue(value: Uint8Array, contentType: string): unknown {
  if (contentType !== STRUCTURED) return new Uint8Array(value)
  try {
    return packr.unpack(value)
  } catch (cause) {
    throw new CacheMeshError('ERR_INVALID_VALUE', 'The stored bytes are not a structured value', { cause })
  }
}

/** Checks a structured value that came from elsewhere, before anything decodes it. */
export function checkValue(value: Uint8Array, contentType: string): void {
  if (contentType === STRUCTURED) checkStructure(value, 'allowed')
}

function pack(value: unknown): Uint8Array {
  let packed: Uint8Array
  try {
    packed = packr.pack(value)
  } catch (cause) {
    const reason = cause instanceof RangeError ? 'it is nested too deeply' : (cause as Error).message
    throw invalid(`The value cannot be encoded: ${reason}`, cause)
  }
  checkDepth(packed)
  // The encoder writes into a buffer it shares between values: a view would keep all of it alive.
  return new Uint8Array(packed)
}

function checkDepth(packed: Uint8Array): void {
  try {
    checkStructure(packed, 'allowed')
  } catch (cause) {
    throw invalid(`The value cannot be encoded: ${(cause as Error).message}`, cause)
  }
}

function invalid(message: string, cause?: unknown): CacheMeshError {
  return new CacheMeshError('ERR_INVALID_VALUE', message, { cause })
}
