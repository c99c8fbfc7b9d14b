import type { Found } from '@cachemesh/core'
import { decodeValue, STRUCTURED } from '@cachemesh/protocol'
import { copyOf } from './copy.ts'

/** The value that was found, fresh: it may be changed. */
export function valueIn(found: Found | undefined): unknown {
  if (found === undefined) return undefined
  const { value, contentType } = found
  return contentType === STRUCTURED ? decodeValue(value, contentType) : copyOf(value)
}
