import { markAsUntransferable } from 'node:worker_threads'
import type { Blocks } from '@cachemesh/core'

/**
 * What a program keeps of a slab keeps all of it. Slabs of 8 KiB, as Node cuts small Buffers from, cost half as much again
 * for 100 bytes: making one takes as long as cutting forty pieces. What is cut lies at a multiple of the alignment.
 */
const SLAB_BYTES = 32 * 1024
const SMALL_BYTES_MAX = 1024
const ALIGNMENT = 8

let slab = newSlab()
let slabWords = new Int32Array(slab)
let end = 0

/**
 * A copy for the embedder, who may change and keep it. Memory of its own for 100 bytes costs six times what
 * copying them does, and more in the collector later: small copies are cut from slabs, as Node's Buffers are.
 */
export function copyOf(bytes: Uint8Array): Uint8Array {
  const { length } = bytes
  if (length > SMALL_BYTES_MAX) return new Uint8Array(bytes)
  const copy = small(length)
  copy.set(bytes)
  return copy
}

/** Likewise of the value at an address of the store, where it is: a view of it would cost as much as the copy. */
export function copyAt(blocks: Blocks, address: number): Uint8Array {
  const length = blocks.insideBytes(address)
  if (length < 0 || length > SMALL_BYTES_MAX) return new Uint8Array(blocks.valueOf(address))
  const copy = small(length)
  blocks.copyValue(address, slabWords, copy.byteOffset >> 2)
  return copy
}

function small(length: number): Uint8Array {
  if (end + length > SLAB_BYTES) {
    slab = newSlab()
    slabWords = new Int32Array(slab)
    end = 0
  }
  // Half the price of `subarray`.
  const copy = new Uint8Array(slab, end, length)
  end += (length + ALIGNMENT - 1) & -ALIGNMENT
  return copy
}

/** Moving the memory of one value to another thread would take that of its neighbours along. */
function newSlab(): ArrayBuffer {
  // All that is cut is written: no zeros are needed before.
  const { buffer } = Buffer.allocUnsafeSlow(SLAB_BYTES)
  markAsUntransferable(buffer)
  return buffer
}
