import type { Blocks, Found } from '@cachemesh/core'
import { decodeValue, STRUCTURED } from '@cachemesh/protocol'
import { copyAt, copyOf } from './copy.ts'

/** The value that was found, fresh: it may be changed. */
export function valueIn(found: Found | undefined): unknown {
  if (found === undefined) return undefined
  const { value, contentType, owned } = found
  if (contentType === STRUCTURED) return decodeValue(value, contentType)
  return owned ? value : copyOf(value)
}

/** Likewise the value at an address of the store. */
export function valueAt(blocks: Blocks, address: number): unknown {
  return copyAt(blocks, address) ?? decodeValue(blocks.valueOf(address), STRUCTURED)
}
