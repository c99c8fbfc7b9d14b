// Chance from fixed seeds: every run asks for the same keys in the same order.

const CHARACTERS = 'abcdefghijklmnopqrstuvwxyz0123456789'

/** Numbers from 0 to below 2^32 (mulberry32). */
export function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }
}

/** `count` distinct keys of 16 ASCII characters that are accepted. */
export function randomKeys(seed: number, count: number, accepts: (key: string) => boolean): string[] {
  const next = generator(seed)
  const keys = new Set<string>()
  while (keys.size < count) {
    const key = randomKey(next)
    if (accepts(key)) keys.add(key)
  }
  return [...keys]
}

/** The characters of the key that is made now: in a ring of 100 a hundred are made for one that is kept. */
const units: number[] = new Array(16).fill(0)

function randomKey(next: () => number): string {
  for (let i = 0; i < units.length; i++) units[i] = CHARACTERS.charCodeAt(next() % CHARACTERS.length)
  return String.fromCharCode.apply(null, units)
}

/** 0 to `count` - 1 in an order that hops about. */
export function shuffledOrder(seed: number, count: number): Uint32Array {
  const next = generator(seed)
  const order = Uint32Array.from({ length: count }, (_, index) => index)
  for (let i = count - 1; i > 0; i--) {
    const j = next() % (i + 1)
    const swapped = order[i] as number
    order[i] = order[j] as number
    order[j] = swapped
  }
  return order
}

/** The value under the key of this index: bytes that differ from value to value. */
export function valueAt(index: number, sizeBytes: number): Uint8Array {
  const value = new Uint8Array(sizeBytes).fill(index % 251)
  new DataView(value.buffer).setUint32(0, Math.imul(index, 0x9e3779b1))
  return value
}

/** `length` draws of 0 to `count` - 1, of which i comes with a chance like 1 / (i + 1) ^ exponent. */
export function zipfOrder(
  seed: number,
  count: number,
  { exponent, length }: { readonly exponent: number; readonly length: number },
): Uint32Array {
  const sums = new Float64Array(count)
  for (let i = 0, sum = 0; i < count; i++) {
    sum += 1 / (i + 1) ** exponent
    sums[i] = sum
  }
  const next = generator(seed)
  const total = sums[count - 1] as number
  return Uint32Array.from({ length }, () => {
    const drawn = (next() / 2 ** 32) * total
    let low = 0
    for (let high = count - 1; low < high; ) {
      const middle = (low + high) >>> 1
      if ((sums[middle] as number) > drawn) high = middle
      else low = middle + 1
    }
    return low
  })
}
