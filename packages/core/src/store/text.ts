// Text as UTF-8 in the memory of entries.

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** Writes a text. Returns how many bytes it took. */
export function writeText(bytes: Uint8Array, at: number, text: string): number {
  let i = 0
  for (; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit >= 0x80) return i + encoder.encodeInto(text.slice(i), bytes.subarray(at + i)).written
    bytes[at + i] = unit
  }
  return i
}

export function readText(bytes: Uint8Array, at: number, length: number): string {
  return decoder.decode(bytes.subarray(at, at + length))
}
