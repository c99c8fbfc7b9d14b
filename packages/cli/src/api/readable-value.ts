/** A value as a field of JSON. */
export interface ReadableValue {
  readonly value: unknown
  /** Present when the value is not text: `value` is the base64 of its bytes. */
  readonly encoding?: 'base64'
}

/** JSON as the value it says, other text as a string, anything else as base64. */
export function readableValue(bytes: Uint8Array, contentType: string): ReadableValue {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return { value: Buffer.from(bytes).toString('base64'), encoding: 'base64' }
  }
  if (!/^application\/json\b/i.test(contentType)) return { value: text }
  try {
    return { value: JSON.parse(text) as unknown }
  } catch {
    return { value: text }
  }
}
