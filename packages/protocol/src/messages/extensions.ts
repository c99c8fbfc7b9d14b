// The extension types in structured values, by the numbers that msgpackr gives them. Types that announce
// another value after themselves are walked in structure.ts; here are those that are their bytes.

import { CacheMeshError } from '../errors.ts'
import { LIMITS } from '../limits.ts'

/** A record shape: what follows are the names of its fields and the first record. */
export const RECORD = 0x72
/** An object that is referred to, and the reference. */
export const ID = 0x69
export const POINTER = 0x70
export const SET = 0x73
export const ERROR = 0x65
export const REGEXP = 0x78

const UNDEFINED = 0x00
const BIGINT = 0x42
const TYPED_ARRAY = 0x74
const DATE = 0xff

/** Bytes of an element, by the number of a typed array: Int8 to BigUint64. */
const ELEMENT_BYTES = [1, 1, 1, 2, 2, 4, 4, 4, 8, 8, 8]
const ARRAY_BUFFER = 16
const DATA_VIEW = 17

/** Throws ERR_MALFORMED_MESSAGE unless the decoder makes a value of exactly these bytes. */
export function checkExtensionBytes(type: number, bytes: Uint8Array): void {
  if (isKnown(type, bytes)) return
  throw new CacheMeshError(
    'ERR_MALFORMED_MESSAGE',
    `A MessagePack body has an extension of type 0x${type.toString(16)} and ${bytes.length} bytes`,
  )
}

function isKnown(type: number, bytes: Uint8Array): boolean {
  switch (type) {
    case UNDEFINED:
      return bytes.length === 1
    case BIGINT:
      return bytes.length > 0 && bytes.length <= LIMITS.bigintBytesMax
    case DATE:
      // Of one byte: the date that is none.
      return bytes.length === 1 || bytes.length === 4 || bytes.length === 8 || bytes.length === 12
    case TYPED_ARRAY:
      return isTypedArray(bytes)
    default:
      return false
  }
}

function isTypedArray(bytes: Uint8Array): boolean {
  const number = bytes[0]
  if (number === undefined) return false
  const elementBytes = number === ARRAY_BUFFER || number === DATA_VIEW ? 1 : ELEMENT_BYTES[number]
  return elementBytes !== undefined && (bytes.length - 1) % elementBytes === 0
}
