// As much of DER, the encoding of certificates, as one certificate needs.

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utcTime: 0x17,
  sequence: 0x30,
  /** Of a certificate. */
  version: 0xa0,
  extensions: 0xa3,
} as const

export interface Element {
  readonly tag: number
  readonly content: Uint8Array
  /** Tag and length included. */
  readonly bytes: Uint8Array
}

/** One element that holds these. */
export function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents)
  const { length } = content
  const head = length < 0x80 ? [tag, length] : [tag, 0x82, length >> 8, length & 0xff]
  return Buffer.concat([Uint8Array.from(head), content])
}

/** An object identifier in its usual notation. */
export function OID(dotted: string): Buffer {
  const [first = 0, second = 0, ...others] = dotted.split('.').map(Number)
  const bytes: number[] = []
  for (const number of [first * 40 + second, ...others]) {
    const septets = [number & 0x7f]
    for (let left = number >>> 7; left > 0; left >>>= 7) septets.unshift((left & 0x7f) | 0x80)
    bytes.push(...septets)
  }
  return der(TAG.oid, Uint8Array.from(bytes))
}

/** A time before 2050, ms since 1970, to the second. */
export function utcTime(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/\D/g, '').slice(2, 14)
  return der(TAG.utcTime, Buffer.from(`${digits}Z`))
}

/** The elements that follow one another in `bytes`. Throws when they do not end where it ends. */
export function children(bytes: Uint8Array): Element[] {
  const elements: Element[] = []
  for (let at = 0; at < bytes.length; ) {
    const start = at
    const tag = bytes[at++] as number
    let length = bytes[at++] as number
    if (length >= 0x80) {
      const digits = length & 0x7f
      length = 0
      for (let i = 0; i < digits; i++) length = length * 0x100 + (bytes[at++] as number)
    }
    const end = at + length
    if (!(end <= bytes.length)) throw new Error('The certificate is cut off')
    elements.push({ tag, content: bytes.subarray(at, end), bytes: bytes.subarray(start, end) })
    at = end
  }
  return elements
}
