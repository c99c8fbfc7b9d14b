import { markAsUntransferable } from 'node:worker_threads'

/** As large as those that Node cuts small Buffers from; what is cut lies at a multiple of the alignment. */
const SLAB_BYTES = 8 * 1024
const SMALL_BYTES_MAX = SLAB_BYTES / 8
const ALIGNMENT = 8

let slab = newSlab()
let end = 0

/**
 * A copy for the embedder, who may change and keep it. Memory of its own for 100 bytes costs six times what
 * copying them does, and more in the collector later: small copies are cut from slabs, as Node's Buffers are.
 */
export function copyOf(bytes: Uint8Array): Uint8Array {
  const { length } = bytes
  if (length > SMALL_BYTES_MAX) return new Uint8Array(bytes)
  if (end + length > SLAB_BYTES) {
    slab = newSlab()
    end = 0
  }
  const copy = slab.subarray(end, end + length)
  copy.set(bytes)
  end += (length + ALIGNMENT - 1) & -ALIGNMENT
  return copy
}

/** Moving the memory of one value to another thread would take that of its neighbours along. */
function newSlab(): Uint8Array {
  const bytes = new Uint8Array(SLAB_BYTES)
  markAsUntransferable(bytes.buffer)
  return bytes
}
