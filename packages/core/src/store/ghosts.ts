// Keys of entries that were let go, by their ordering alone: whether one of them comes back tells a policy that it was
// wrong, and a partition that it is too small. Each is forgotten when so many others have followed as are worth being
// remembered. Keys share small sets of slots, so that none is ever looked for far away; a set that is full loses the
// one that is there longest.

/** Slots of a set: one line of the processor's cache. */
const SET = 8
const SETS_MIN = 8
/** There are so many times more slots than is remembered, so that few sets are full. */
const ROOM = 1.25
const GROWTH = 1.25
const LOWEST = -(2 ** 31)

/** What the ghost of one entry takes, at most, among many. */
export const GHOST_BYTES: number = Math.ceil(8 * ROOM * GROWTH)

export class Ghosts {
  readonly #partBits: number
  /** Two words each: ordering, and the number of the letting-go; 0 is an empty slot. */
  #parts: Int32Array[] = []
  #bytes = 0
  #clock = 0

  constructor(partBits: number) {
    this.#partBits = partBits
    this.clear()
  }

  get bytes(): number {
    return this.#bytes
  }

  /** @param remembered how many are worth it now */
  add(order: number, remembered: number): void {
    this.#clock = (this.#clock + 1) | 0 || 1
    const part = this.#partOf(order)
    this.#fit(part, remembered)
    put(this.#parts[part]!, { order, at: this.#clock, clock: this.#clock })
  }

  /** True when it is remembered; then it is no more. */
  take(order: number, remembered: number): boolean {
    const slots = this.#parts[this.#partOf(order)]!
    const start = setOf(slots, order)
    for (let i = start; i < start + 2 * SET; i += 2) {
      const at = slots[i + 1]!
      if (at === 0 || slots[i] !== order) continue
      slots[i + 1] = 0
      return ((this.#clock - at) | 0) < remembered
    }
    return false
  }

  clear(): void {
    this.#parts = new Array<Int32Array>(1 << this.#partBits).fill(NOBODY)
    this.#bytes = 0
  }

  #partOf(order: number): number {
    return ((order ^ LOWEST) >>> 1) >>> (31 - this.#partBits)
  }

  /** A part grows when more is remembered; when much less is, it shrinks. */
  #fit(part: number, remembered: number): void {
    const old = this.#parts[part]!
    const sets = old.length / (2 * SET)
    const wanted = Math.max(SETS_MIN, Math.ceil(((remembered / this.#parts.length) * ROOM) / SET))
    if (wanted <= sets && wanted * 3 > sets) return
    const slots = newPart(Math.ceil(wanted > SETS_MIN ? wanted * GROWTH : SETS_MIN))
    for (let i = 0; i < old.length; i += 2) {
      if (old[i + 1] !== 0) put(slots, { order: old[i]!, at: old[i + 1]!, clock: this.#clock })
    }
    this.#parts[part] = slots
    this.#bytes += slots.byteLength - old.byteLength
  }
}

/** A part of which nobody was let go yet: it has no sets to look into. */
const NOBODY = new Int32Array(0)

function newPart(sets: number): Int32Array {
  return new Int32Array(sets * SET * 2)
}

interface Ghost {
  readonly order: number
  readonly at: number
  readonly clock: number
}

function put(slots: Int32Array, { order, at, clock }: Ghost): void {
  const start = setOf(slots, order)
  let slot = start
  let oldest = -1
  for (let i = start; i < start + 2 * SET; i += 2) {
    const age = slots[i + 1] === 0 ? Number.POSITIVE_INFINITY : (clock - slots[i + 1]!) | 0
    if (slots[i + 1] !== 0 && slots[i] === order) {
      slot = i
      break
    }
    if (age <= oldest) continue
    oldest = age
    slot = i
  }
  slots[slot] = order
  slots[slot + 1] = at
}

/** By the low bits: the high ones have chosen the part. */
function setOf(slots: Int32Array, order: number): number {
  const sets = slots.length / (2 * SET)
  return (((order & 0xffff) * sets) >>> 16) * 2 * SET
}
