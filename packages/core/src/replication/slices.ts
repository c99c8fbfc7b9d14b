// Comparing what two nodes hold of the keys that both should hold: a sum over (hash, version) for each slice of the
// circle of hashes, and where two sums differ the pairs themselves. Equal contents cost one kilobyte, whatever their size.

import { readU64, SLICES, writeU64 } from '@cachemesh/protocol'

const SLICE_SHIFT = 24
const PAIR_BYTES = 12
/** Pairs of one fetch; what is beyond is sent though it may be there. */
const PAIRS_MAX = 300_000

export interface Held {
  readonly hash: number
  readonly version: number
}

export function sliceOf(hash: number): number {
  return hash >>> SLICE_SHIFT
}

/** The sums of all slices. */
export class Sums {
  readonly #sums = new Uint32Array(SLICES)

  add({ hash, version }: Held): void {
    const slice = sliceOf(hash)
    this.#sums[slice] = (this.#sums[slice] as number) + mixed(hash, version)
  }

  /** 4 bytes each, little-endian. */
  get bytes(): Uint8Array {
    const bytes = new Uint8Array(SLICES * 4)
    const view = new DataView(bytes.buffer)
    for (let slice = 0; slice < SLICES; slice++) view.setUint32(slice * 4, this.#sums[slice] as number, true)
    return bytes
  }
}

/** The slices in which sums differ. Sums that are not there, or not complete, differ in all. */
export function differingSlices(mine: Uint8Array, theirs: Uint8Array): Uint8Array {
  const slices: number[] = []
  for (let slice = 0; slice < SLICES; slice++) {
    const at = slice * 4
    const isEqual = theirs.length >= at + 4 && [0, 1, 2, 3].every(i => mine[at + i] === theirs[at + i])
    if (!isEqual) slices.push(slice)
  }
  return Uint8Array.from(slices)
}

/** Pairs of hash and version, 12 bytes each. */
export function packPairs(held: readonly Held[]): Uint8Array {
  const pairs = held.slice(0, PAIRS_MAX)
  const bytes = new Uint8Array(pairs.length * PAIR_BYTES)
  const view = new DataView(bytes.buffer)
  pairs.forEach(({ hash, version }, index) => {
    view.setUint32(index * PAIR_BYTES, hash, true)
    writeU64(view, index * PAIR_BYTES + 4, version)
  })
  return bytes
}

/** Versions by hash. Where several keys share a hash all of them count as not held: they are few. */
export function unpackPairs(bytes: Uint8Array): Map<number, number> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const versions = new Map<number, number>()
  for (let at = 0; at + PAIR_BYTES <= bytes.length; at += PAIR_BYTES) {
    const hash = view.getUint32(at, true)
    versions.set(hash, versions.has(hash) ? Number.NaN : readU64(view, at + 4))
  }
  return versions
}

/** The finalizer of MurmurHash3 over both: a sum of weak numbers would be equal too often. */
function mixed(hash: number, version: number): number {
  let h = hash ^ Math.imul(version >>> 0, 0x9e3779b1) ^ Math.imul(Math.floor(version / 2 ** 32), 0x85ebca77)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
