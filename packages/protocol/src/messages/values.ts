import { Packr } from 'msgpackr'
import { CacheMeshError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { checkStorable } from './storable.ts'
import { checkStructure } from './structure.ts'

/** Content type of a structured value; bytes have a media type instead. */
export const STRUCTURED = ''
export const BYTES = 'application/octet-stream'

// Records keep plain objects apart from Maps. Their shapes travel inside each value: no table is shared
// between nodes, so any value can be read on its own. Without `copyBuffers`, bytes within a value would come
// back as a view of what is stored, and whoever wrote into them would write into the cache.
const packr = new Packr({
  useRecords: true,
  structuredClone: true,
  encodeUndefinedAsNil: false,
  copyBuffers: true,
})

// Options of `pack`: write over the value before, since every one is copied out at once; and give back the
// encoder's whole buffer, the one to return to when a large value has made it grow.
const RESET_BUFFER_MODE = 1024
const FIRST_BUFFER = packr.pack(null, 512)
const BUFFER_BYTES_KEPT = 1024 * 1024

const SCRATCH_BYTES = 8 * 1024
const scratch = new Uint8Array(SCRATCH_BYTES)

export interface EncodedValue {
  readonly value: Uint8Array
  readonly contentType: string
}

/**
 * What an embedder's value is stored as, in memory of its own: bytes stay bytes, anything else is encoded, by value.
 * What comes back is what a structured clone would be, but for the differences in docs/protocol/messages.md. Throws
 * ERR_INVALID_VALUE or ERR_VALUE_TOO_LARGE.
 */
export function encodeValue(value: unknown): EncodedValue {
  const { value: bytes, contentType } = encodeView(value)
  return { value: copyOf(bytes), contentType }
}

/** As {@link encodeValue}, in memory of the caller's or the encoder's: valid until either of them goes on. */
export function encodeView(value: unknown): EncodedValue {
  if (value === undefined || typeof value === 'function' || typeof value === 'symbol') {
    throw invalid(`${typeof value} is not a value; store null or delete the key`)
  }
  return value instanceof Uint8Array
    ? { value: checkSize(value), contentType: BYTES }
    : { value: pack(value), contentType: STRUCTURED }
}

/** A fresh value that the caller may change. Throws ERR_INVALID_VALUE for damaged bytes. */
export function decodeValue(value: Uint8Array, contentType: string): unknown {
  if (contentType !== STRUCTURED) return copyOf(value)
  try {
    // The decoder hangs a DataView on what it is given: not on the stored bytes, it would stay there.
    if (value.length > SCRATCH_BYTES) return packr.unpack(value.subarray())
    scratch.set(value)
    return packr.unpack(scratch, value.length)
  } catch (cause) {
    throw new CacheMeshError('ERR_INVALID_VALUE', 'The stored bytes are not a structured value', { cause })
  }
}

/**
 * Checks a structured value that came from elsewhere; nothing else may be given to {@link decodeValue}. Throws
 * ERR_MALFORMED_MESSAGE.
 */
export function checkValue(value: Uint8Array, contentType: string): void {
  if (contentType === STRUCTURED) checkStructure(value, 'value')
}

function pack(value: unknown): Uint8Array {
  try {
    checkStorable(value)
    const packed = packr.pack(value, RESET_BUFFER_MODE)
    // A getter may have told the inspection something else than the encoder.
    checkStructure(packed, 'value')
    checkSize(packed)
    if (packed.buffer.byteLength > BUFFER_BYTES_KEPT) packr.useBuffer(FIRST_BUFFER)
    return packed
  } catch (cause) {
    if (cause instanceof CacheMeshError && cause.code !== 'ERR_MALFORMED_MESSAGE') throw cause
    throw invalid(
      `The value cannot be encoded: ${cause instanceof Error ? cause.message : String(cause)}`,
      cause,
    )
  }
}

function checkSize(value: Uint8Array): Uint8Array {
  if (value.length <= LIMITS.valueBytesMax) return value
  throw new CacheMeshError(
    'ERR_VALUE_TOO_LARGE',
    `The value takes ${value.length} bytes; the limit is ${LIMITS.valueBytesMax}`,
  )
}

/** `slice` of a Buffer makes a Buffer; an entry is the same type wherever it is read. */
function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes)
}

function invalid(message: string, cause?: unknown): CacheMeshError {
  return new CacheMeshError('ERR_INVALID_VALUE', message, { cause })
}
