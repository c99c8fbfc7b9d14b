// A counter is an entry whose value is a whole number of 64 bits without a sign, either structured, as programs set
// it, or in decimal digits, as texts and the protocol of memcached have it. It stays what it is when it is counted.

import {
  CacheMeshError,
  COUNT_MAX,
  decodeValue,
  type EncodedValue,
  encodeValue,
  STRUCTURED,
} from '@cachemesh/protocol'
import type { Entry } from '../store/entry.ts'

const DIGITS_MAX = String(COUNT_MAX).length

/** Throws ERR_WRONG_TYPE. */
export function countOf({ value, contentType }: Entry): bigint {
  const count = contentType === STRUCTURED ? structured(value) : decimal(value)
  if (count !== undefined && count >= 0n && count <= COUNT_MAX) return count
  throw new CacheMeshError(
    'ERR_WRONG_TYPE',
    'The value that is there is no counter: a whole number from 0 to 2^64 - 1, or a text of its digits',
  )
}

/** The same kind of value with another number. */
export function encodeCount(count: bigint, contentType: string): EncodedValue {
  if (contentType !== STRUCTURED)
    return { value: Uint8Array.from(String(count), digit => digit.charCodeAt(0)), contentType }
  return encodeValue(count <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(count) : count)
}

/** Beyond the greatest number it goes on from 0. */
export function increased(count: bigint, by: bigint): bigint {
  return (count + by) & COUNT_MAX
}

/** It stops at 0. */
export function decreased(count: bigint, by: bigint): bigint {
  return by > count ? 0n : count - by
}

function structured(value: Uint8Array): bigint | undefined {
  const decoded = decodeValue(value, STRUCTURED)
  if (typeof decoded === 'bigint') return decoded
  return Number.isSafeInteger(decoded) ? BigInt(decoded as number) : undefined
}

function decimal(value: Uint8Array): bigint | undefined {
  if (value.length === 0 || value.length > DIGITS_MAX) return undefined
  let digits = ''
  for (const unit of value) {
    if (unit < 0x30 || unit > 0x39) return undefined
    digits += String.fromCharCode(unit)
  }
  return BigInt(digits)
}
