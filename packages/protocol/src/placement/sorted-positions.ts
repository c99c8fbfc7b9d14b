// Positions in ring order. Each carries a code that says whose it is; of equal positions the one with
// the smaller code comes first. Rings of a thousand members hold two million, so the loops are plain.

/** `positions[i]` belongs to `codes[i]`. */
export interface Positions {
  readonly positions: Uint32Array
  readonly codes: Uint16Array
}

/**
 * Sorts by the top bits in two stable counting passes, low half first, and the rest by insertion:
 * positions are hashes, so few are left in the wrong order, and none far from its place. (One pass over
 * all these bits would miss the processor's cache at every write.) Equal positions keep the order of
 * the input, which must come by ascending code.
 */
export function sortPositions(input: Positions): Positions {
  const bits = bucketBits(input.positions.length)
  const low = bits >>> 1
  const high = bits - low
  const sorted = countingPass(countingPass(input, 32 - bits, low), 32 - high, high)
  insertionSort(sorted)
  return sorted
}

/**
 * Merges two sorted lists in one pass. `recode[code]` is the new code of an old position, -1 if it is
 * gone; it must keep the order of the codes that stay. `size` is that of the result.
 */
export function mergePositions(
  old: Positions,
  fresh: Positions,
  { recode, size }: { readonly recode: Int32Array; readonly size: number },
): Positions {
  const { positions: oldPositions, codes: oldCodes } = old
  const { positions: freshPositions, codes: freshCodes } = fresh
  const positions = new Uint32Array(size)
  const codes = new Uint16Array(size)
  let to = 0
  let i = 0
  for (let f = 0; f < freshPositions.length; f++) {
    const stop = freshPositions[f]!
    const stopCode = freshCodes[f]!
    for (; i < oldPositions.length && oldPositions[i]! <= stop; i++) {
      const code = recode[oldCodes[i]!]!
      if (code < 0) continue
      if (oldPositions[i] === stop && code > stopCode) break
      positions[to] = oldPositions[i]!
      codes[to++] = code
    }
    positions[to] = stop
    codes[to++] = stopCode
  }
  for (; i < oldPositions.length; i++) {
    const code = recode[oldCodes[i]!]!
    if (code < 0) continue
    positions[to] = oldPositions[i]!
    codes[to++] = code
  }
  return { positions, codes }
}

/**
 * For each value of the top bits the first place whose position has that value or a greater one. A
 * lookup takes the entry at `hash >>> (32 - bucketBits(size))` and walks on from there: a step or two.
 */
export function indexPositions(positions: Uint32Array): Uint32Array {
  const bits = bucketBits(positions.length)
  const table = new Uint32Array(2 ** bits + 1)
  // Counted and summed up: no branch that a processor would have to guess.
  for (let i = 0; i < positions.length; i++) table[(positions[i]! >>> (32 - bits)) + 1]!++
  for (let b = 1; b < table.length; b++) table[b]! += table[b - 1]!
  return table
}

/** One to two buckets per position, and never a single bucket: a shift by 32 would be a shift by 0. */
export function bucketBits(size: number): number {
  return Math.max(1, 32 - Math.clz32(Math.max(0, size - 1)))
}

function countingPass({ positions, codes }: Positions, shift: number, bits: number): Positions {
  const size = positions.length
  const mask = 2 ** bits - 1
  const next = new Uint32Array(mask + 2)
  const sortedPositions = new Uint32Array(size)
  const sortedCodes = new Uint16Array(size)
  for (let i = 0; i < size; i++) next[((positions[i]! >>> shift) & mask) + 1]!++
  for (let b = 1; b < next.length; b++) next[b]! += next[b - 1]!
  for (let i = 0; i < size; i++) {
    const position = positions[i]!
    const to = next[(position >>> shift) & mask]!++
    sortedPositions[to] = position
    sortedCodes[to] = codes[i]!
  }
  return { positions: sortedPositions, codes: sortedCodes }
}

function insertionSort({ positions, codes }: Positions): void {
  for (let i = 1; i < positions.length; i++) {
    const position = positions[i]!
    if (positions[i - 1]! <= position) continue
    const code = codes[i]!
    let to = i
    for (; to > 0 && positions[to - 1]! > position; to--) {
      positions[to] = positions[to - 1]!
      codes[to] = codes[to - 1]!
    }
    positions[to] = position
    codes[to] = code
  }
}
