// MurmurHash3 x86_32 over the UTF-8 bytes of a string, without writing the bytes anywhere: placement
// asks for it once per request, so it must never allocate. It spreads keys; it protects nothing.

/**
 * Hash of a key, an unsigned 32 bit integer: MurmurHash3 x86_32, seed 0, over its UTF-8 bytes.
 * Half a surrogate pair counts as U+FFFD, as TextEncoder has it.
 */
export function hashKey(key: string): number {
  return murmur3(key, 0)
}

/** As {@link hashKey} of a text that is ASCII; -1 of any other. */
export function hashAscii(text: string): number {
  return asciiMurmur3(text, 0)
}

/** MurmurHash3 x86_32 of the UTF-8 bytes of `text`, unsigned. */
export function murmur3(text: string, seed: number): number {
  const hash = asciiMurmur3(text, seed)
  return hash < 0 ? utf8Murmur3(text, seed) >>> 0 : hash
}

function asciiMurmur3(text: string, seed: number): number {
  const length = text.length
  const blocksEnd = length - 3
  let hash = seed
  let i = 0
  // As long as four units in a row are ASCII they are also the next four bytes.
  for (; i < blocksEnd; i += 4) {
    const a = text.charCodeAt(i)
    const b = text.charCodeAt(i + 1)
    const c = text.charCodeAt(i + 2)
    const d = text.charCodeAt(i + 3)
    if ((a | b | c | d) > 0x7f) return -1
    hash = addBlock(hash, a | (b << 8) | (c << 16) | (d << 24))
  }
  let tail = 0
  for (let shift = 0; i < length; i++, shift += 8) {
    const unit = text.charCodeAt(i)
    if (unit > 0x7f) return -1
    tail |= unit << shift
  }
  return mix32(hash ^ scramble(tail) ^ length)
}

/** The finalizer of MurmurHash3: a bijection of 32 bit integers in which every input bit reaches every output bit. */
export function mix32(value: number): number {
  let h = value
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

// The general case. The bytes of one code point are packed into an integer, first byte lowest, and shifted
// into the block under way. The result is signed: V8 would put an unsigned one above 2^31 on the heap to
// return it from a call.
function utf8Murmur3(text: string, seed: number): number {
  let hash = seed
  let bytes = 0
  let block = 0
  let filled = 0
  for (let i = 0; i < text.length; i++) {
    const codePoint = codePointAt(text, i)
    if (codePoint > 0xffff) i++
    const count = codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4
    const packed = packUtf8(codePoint)
    bytes += count
    block |= packed << filled
    const bits = filled + 8 * count
    if (bits < 32) {
      filled = bits
    } else {
      hash = addBlock(hash, block)
      block = filled === 0 ? 0 : packed >>> (32 - filled)
      filled = bits - 32
    }
  }
  return mix32(hash ^ scramble(block) ^ bytes) | 0
}

function codePointAt(text: string, index: number): number {
  const unit = text.charCodeAt(index)
  if ((unit & 0xf800) !== 0xd800) return unit
  const next = unit < 0xdc00 ? text.charCodeAt(index + 1) : 0
  return (next & 0xfc00) === 0xdc00 ? 0x10000 + ((unit & 0x3ff) << 10) + (next & 0x3ff) : 0xfffd
}

function packUtf8(codePoint: number): number {
  if (codePoint < 0x80) return codePoint
  const last = 0x80 | (codePoint & 0x3f)
  if (codePoint < 0x800) return 0xc0 | (codePoint >> 6) | (last << 8)
  const middle = 0x80 | ((codePoint >> 6) & 0x3f)
  if (codePoint < 0x10000) return 0xe0 | (codePoint >> 12) | (middle << 8) | (last << 16)
  const second = 0x80 | ((codePoint >> 12) & 0x3f)
  return 0xf0 | (codePoint >> 18) | (second << 8) | (middle << 16) | (last << 24)
}

function addBlock(hash: number, block: number): number {
  const h = hash ^ scramble(block)
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0
}

function scramble(block: number): number {
  const k = Math.imul(block, 0xcc9e2d51)
  return Math.imul((k << 15) | (k >>> 17), 0x1b873593)
}
