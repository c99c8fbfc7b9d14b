import { markAsUntransferable } from 'node:worker_threads'
import type { Blocks } from '@cachemesh/core'
import { STRUCTURED } from '@cachemesh/protocol'

/**
 * What a program keeps of a slab keeps all of it. Slabs of 8 KiB, as Node cuts small Buffers from, cost half as much again
 * for 100 bytes: making one takes as long as cutting forty pieces. What is cut lies at a multiple of the alignment.
 */
const SLAB_BYTES = 32 * 1024
const SMALL_BYTES_MAX = 1024
const ALIGNMENT = 8
/** From further on no value would fit. */
const WORDS_MAX = (SLAB_BYTES - SMALL_BYTES_MAX) >> 2

/** The slab that is cut now. */
let slab = newSlab()
const room = { words: new Int32Array(slab), at: 0, bytesMax: SMALL_BYTES_MAX }

/**
 * A copy for the embedder, who may change and keep it. Memory of its own for 100 bytes costs six times what
 * copying them does, and more in the collector later: small copies are cut from slabs, as Node's Buffers are.
 */
export function copyOf(bytes: Uint8Array): Uint8Array {
  const { length } = bytes
  if (length > SMALL_BYTES_MAX) return new Uint8Array(bytes)
  const copy = cut(length)
  copy.set(bytes)
  return copy
}

/**
 * Likewise of the value at an address of the store, where it is: a view of it would cost as much as the copy. Undefined
 * for a structured value.
 */
export function copyAt(blocks: Blocks, address: number): Uint8Array | undefined {
  const length = blocks.copyBytes(address, room)
  if (length >= 0) return cut(length)
  return blocks.typeOf(address) === STRUCTURED ? undefined : new Uint8Array(blocks.valueOf(address))
}

/** The next piece of the slab. Behind it there is always room for one more. */
function cut(length: number): Uint8Array {
  // Half the price of `subarray`.
  const piece = new Uint8Array(slab, room.at << 2, length)
  room.at += ((length + ALIGNMENT - 1) & -ALIGNMENT) >> 2
  if (room.at > WORDS_MAX) {
    slab = newSlab()
    room.words = new Int32Array(slab)
    room.at = 0
  }
  return piece
}

/** Moving the memory of one value to another thread would take that of its neighbours along. */
function newSlab(): ArrayBuffer {
  // All that is cut is written: no zeros are needed before.
  const { buffer } = Buffer.allocUnsafeSlow(SLAB_BYTES)
  markAsUntransferable(buffer)
  return buffer
}
