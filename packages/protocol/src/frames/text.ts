const encoder = new TextEncoder()

/** Writes UTF-8, for which there is room. Returns the bytes written. ASCII, the usual text, skips the encoder. */
export function writeText(value: string, bytes: Uint8Array, start: number): number {
  let i = 0
  for (; i < value.length; i++) {
    const unit = value.charCodeAt(i)
    if (unit >= 0x80) break
    bytes[start + i] = unit
  }
  return i < value.length ? i + encoder.encodeInto(value.slice(i), bytes.subarray(start + i)).written : i
}
