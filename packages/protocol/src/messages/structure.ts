import { CacheMeshError } from '../errors.ts'
import { LIMITS } from '../limits.ts'

/**
 * Walks over MessagePack without building anything, and throws ERR_MALFORMED_MESSAGE unless it is exactly one
 * value whose every announced length is there and whose nesting is bounded.
 *
 * A decoder allocates what an array header announces before it reads an element: five bytes can ask for
 * gigabytes, and a hundred thousand nested arrays overflow its stack. After this walk neither can happen.
 */
export function checkStructure(bytes: Uint8Array, extensions: 'allowed' | 'refused'): void {
  const walk = new Walk(bytes, extensions === 'allowed')
  walk.value(0)
  if (walk.at !== bytes.length) throw malformed('goes on after its end')
}

type Holds = 'bytes' | 'values' | 'pairs' | 'extension'

/** Types 0xc0 to 0xdf: what follows, the bytes of the length field, and the length where there is none. */
const HEADS: readonly (readonly [Holds, number, number] | undefined)[] = [
  ['bytes', 0, 0], // nil
  undefined, // never used
  ['bytes', 0, 0], // false
  ['bytes', 0, 0], // true
  ['bytes', 1, 0], // bin 8, 16, 32
  ['bytes', 2, 0],
  ['bytes', 4, 0],
  ['extension', 1, 0], // ext 8, 16, 32
  ['extension', 2, 0],
  ['extension', 4, 0],
  ['bytes', 0, 4], // float 32, 64
  ['bytes', 0, 8],
  ['bytes', 0, 1], // uint 8, 16, 32, 64
  ['bytes', 0, 2],
  ['bytes', 0, 4],
  ['bytes', 0, 8],
  ['bytes', 0, 1], // int 8, 16, 32, 64
  ['bytes', 0, 2],
  ['bytes', 0, 4],
  ['bytes', 0, 8],
  ['extension', 0, 1], // fixext 1, 2, 4, 8, 16
  ['extension', 0, 2],
  ['extension', 0, 4],
  ['extension', 0, 8],
  ['extension', 0, 16],
  ['bytes', 1, 0], // str 8, 16, 32
  ['bytes', 2, 0],
  ['bytes', 4, 0],
  ['values', 2, 0], // array 16, 32
  ['values', 4, 0],
  ['pairs', 2, 0], // map 16, 32
  ['pairs', 4, 0],
]

/** Extensions that msgpackr writes for structured values. `wraps`: the value that it wraps follows. */
const RECORD = 0x72
const EXTENSIONS: ReadonlyMap<number, { readonly wraps: boolean; readonly bytesMax: number }> = new Map([
  [0x00, { wraps: false, bytesMax: 1 }], // undefined
  [0x42, { wraps: false, bytesMax: 1024 }], // bigint: decoding a long one takes time squared
  [0x65, { wraps: true, bytesMax: 1 }], // error
  [0x69, { wraps: true, bytesMax: 4 }], // an object that is referred to
  [0x70, { wraps: false, bytesMax: 4 }], // the reference
  [0x73, { wraps: true, bytesMax: 1 }], // set
  [0x74, { wraps: false, bytesMax: LIMITS.valueBytesMax }], // typed array
  [0x78, { wraps: true, bytesMax: 1 }], // regular expression
  [0xff, { wraps: false, bytesMax: 12 }], // date
])

class Walk {
  at = 0
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #extensions: boolean
  /** Fields of the record shapes that the bytes have defined so far, by their number. */
  readonly #shapes = new Map<number, number>()

  constructor(bytes: Uint8Array, extensions: boolean) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#extensions = extensions
  }

  value(depth: number): void {
    if (depth > LIMITS.depthMax) throw malformed(`is nested deeper than ${LIMITS.depthMax}`)
    const type = this.#u8()
    if (type >= 0xc0 && type < 0xe0) this.#headed(type, depth)
    else if (type >= 0xa0 && type < 0xc0) this.#skip(type & 0x1f)
    else if (type >= 0x90 && type < 0xa0) this.#values(type & 0x0f, depth)
    else if (type >= 0x80 && type < 0x90) this.#values((type & 0x0f) * 2, depth)
    else if (type >= 0x40 && type < 0x80) this.#values(this.#shapes.get(type & 0x3f) ?? 0, depth)
  }

  /** A type with a head of its own: a length field, or a length that the type implies. */
  #headed(type: number, depth: number): void {
    const head = HEADS[type - 0xc0]
    if (head === undefined) throw malformed(`has the unknown type 0x${type.toString(16)}`)
    const [holds, field, implied] = head
    const length = field === 0 ? implied : field === 1 ? this.#u8() : field === 2 ? this.#u16() : this.#u32()
    if (holds === 'bytes') this.#skip(length)
    else if (holds === 'extension') this.#extension(length, depth)
    else this.#values(holds === 'pairs' ? length * 2 : length, depth)
  }

  #values(count: number, depth: number): void {
    // A value takes a byte at least.
    if (count > this.#bytes.length - this.at) throw malformed('announces more values than it has bytes')
    for (let i = 0; i < count; i++) this.value(depth + 1)
  }

  #extension(length: number, depth: number): void {
    if (!this.#extensions) throw malformed('has an extension type')
    const type = this.#u8()
    if (type === RECORD) {
      this.#record(length, depth)
      return
    }
    const known = EXTENSIONS.get(type)
    if (known === undefined || length > known.bytesMax) {
      throw malformed(`has an extension of type 0x${type.toString(16)} and ${length} bytes`)
    }
    this.#skip(length)
    if (known.wraps) this.value(depth + 1)
  }

  /** A shape (its number, the names of its fields) and right behind it the fields of the first record. */
  #record(length: number, depth: number): void {
    if (length !== 1) throw malformed('defines a record shape with a long number')
    const shape = this.#u8() & 0x3f
    const namesAt = this.at
    this.value(depth + 1)
    const fields = this.#arrayLength(namesAt)
    this.#shapes.set(shape, fields)
    this.#values(fields, depth)
  }

  #arrayLength(at: number): number {
    const type = this.#bytes[at] as number
    if (type >= 0x90 && type < 0xa0) return type & 0x0f
    if (type === 0xdc) return this.#view.getUint16(at + 1)
    throw malformed('defines a record shape without names')
  }

  #skip(count: number): void {
    if (count > this.#bytes.length - this.at) throw malformed('announces more bytes than it has')
    this.at += count
  }

  #u8(): number {
    if (this.at >= this.#bytes.length) throw malformed('ends early')
    return this.#bytes[this.at++] as number
  }

  #u16(): number {
    this.#skip(2)
    return this.#view.getUint16(this.at - 2)
  }

  #u32(): number {
    this.#skip(4)
    return this.#view.getUint32(this.at - 4)
  }
}

function malformed(what: string): CacheMeshError {
  return new CacheMeshError('ERR_MALFORMED_MESSAGE', `A MessagePack body ${what}`)
}
