import { CacheMeshError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { checkExtensionBytes, ERROR, ID, POINTER, RECORD, REGEXP, SET } from './extensions.ts'

/**
 * Walks over MessagePack without building anything, and throws ERR_MALFORMED_MESSAGE unless it is exactly one
 * value whose every announced length is there and whose nesting is bounded. A `message` holds neither maps nor
 * extensions nor more values than a configuration can need; a `value` holds what the encoder of values writes.
 *
 * A decoder allocates what an array header announces before it reads an element: five bytes can ask for
 * gigabytes, and a hundred thousand nested arrays overflow its stack. After this walk neither can happen. It
 * follows the decoder step by step: where the two part, the decoder reads bytes that nobody has checked.
 */
export function checkStructure(bytes: Uint8Array, of: 'message' | 'value'): void {
  const walk = new Walk(bytes, of === 'value')
  walk.value(0)
  if (walk.at !== bytes.length) throw malformed('goes on after its end')
}

/** Fields of all records of the largest configuration, with room. A byte each could ask for 60 times its memory. */
const MESSAGE_VALUES_MAX = 2 ** 21

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

/** Marks an id whose object is no list of names, or is not read to its end yet. */
const NO_NAMES = -1

class Walk {
  at = 0
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #isValue: boolean
  readonly #depthMax: number
  #valuesLeft: number
  /** Fields of the record shapes that the bytes have defined so far, by their number. */
  readonly #shapes = new Map<number, number>()
  /** Objects that are referred to, by their id: how many names they hold. */
  readonly #ids = new Map<number, number>()

  constructor(bytes: Uint8Array, isValue: boolean) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#isValue = isValue
    // An object that is referred to and the array inside a Set are levels here and none to the embedder.
    this.#depthMax = isValue ? 3 * LIMITS.depthMax : LIMITS.depthMax
    this.#valuesLeft = isValue ? Number.POSITIVE_INFINITY : MESSAGE_VALUES_MAX
  }

  value(depth: number): void {
    if (depth > this.#depthMax) throw malformed(`is nested deeper than ${this.#depthMax}`)
    if (--this.#valuesLeft < 0) throw malformed(`has more than ${MESSAGE_VALUES_MAX} values`)
    const type = this.#u8()
    if (type >= 0xc0 && type < 0xe0) this.#headed(type, depth)
    else if (type >= 0xa0 && type < 0xc0) this.#skip(type & 0x1f)
    else if (type >= 0x90 && type < 0xa0) this.#values(type & 0x0f, depth)
    else if (type >= 0x80 && type < 0x90) this.#pairs(type & 0x0f, depth)
    else if (type >= 0x40 && type < 0x80) this.#values(this.#shapes.get(type & 0x3f) ?? 0, depth)
  }

  /** A type with a head of its own: a length field, or a length that the type implies. */
  #headed(type: number, depth: number): void {
    const head = HEADS[type - 0xc0]
    if (head === undefined) throw malformed(`has the unknown type 0x${type.toString(16)}`)
    const [holds, field, implied] = head
    const length = field === 0 ? implied : field === 1 ? this.#u8() : field === 2 ? this.#u16() : this.#u32()
    if (holds === 'bytes') this.#skip(length)
    else if (holds === 'values') this.#values(length, depth)
    else if (holds === 'pairs') this.#pairs(length, depth)
    else this.#extension(length, depth)
  }

  #pairs(count: number, depth: number): void {
    if (!this.#isValue) throw malformed('has a map')
    this.#values(count * 2, depth)
  }

  #values(count: number, depth: number): void {
    // A value takes a byte at least.
    if (count > this.#bytes.length - this.at) throw malformed('announces more values than it has bytes')
    for (let i = 0; i < count; i++) this.value(depth + 1)
  }

  #extension(length: number, depth: number): void {
    if (!this.#isValue) throw malformed('has an extension type')
    const isFixed1 = this.#bytes[this.at - 1] === 0xd4
    const type = this.#u8()
    const start = this.at
    this.#skip(length)
    if (type === RECORD && isFixed1) this.#record((this.#bytes[start] as number) & 0x3f, depth)
    else if (type === ID && length === 4) this.#identified(this.#view.getUint32(start), depth)
    else if (type === POINTER && length === 4) this.#referred(this.#view.getUint32(start))
    else if (type === SET && isFixed1) this.#array(depth)
    else if (type === REGEXP && isFixed1) this.#regularExpression()
    else if (type === ERROR && isFixed1) this.#error(depth)
    else checkExtensionBytes(type, this.#bytes.subarray(start, this.at))
  }

  /** A shape: its number, the names of its fields, and right behind them the fields of the first record. */
  #record(shape: number, depth: number): void {
    const fields = this.#names()
    this.#shapes.set(shape, fields)
    this.#values(fields, depth)
  }

  /** With more than 64 shapes one is defined again, and its list of names becomes an object referred to. */
  #names(): number {
    const head = this.#u8()
    if (head !== 0xd6) return this.#namesAfter(head)
    const type = this.#u8()
    const id = this.#u32()
    if (type === POINTER) return this.#referred(id, 'names')
    if (type !== ID) throw malformed('defines a record shape without names')
    this.#ids.set(id, NO_NAMES)
    const count = this.#namesAfter(this.#u8())
    this.#ids.set(id, count)
    return count
  }

  #namesAfter(head: number): number {
    const count = this.#arrayLength(head)
    for (let i = 0; i < count; i++) this.#text()
    return count
  }

  /** The object stands for its id from here on, in itself too. */
  #identified(id: number, depth: number): void {
    this.#ids.set(id, NO_NAMES)
    this.value(depth + 1)
  }

  #referred(id: number, as?: 'names'): number {
    const names = this.#ids.get(id)
    if (names === undefined) throw malformed('refers to an object that it does not hold')
    if (as === 'names' && names === NO_NAMES) throw malformed('defines a record shape without names')
    return names
  }

  #regularExpression(): void {
    if (this.#u8() !== 0x92) throw malformed('has a regular expression without source and flags')
    this.#text()
    this.#text()
  }

  #error(depth: number): void {
    if (this.#u8() !== 0x93) throw malformed('has an error without name, message and cause')
    const length = this.#text()
    // The decoder looks the name up in an object: some names are there that nobody put there.
    const name = this.#bytes.subarray(this.at - length, this.at)
    if (length < 32 && String.fromCharCode(...name) in Object.prototype)
      throw malformed('has an error of no name')
    this.#text()
    this.value(depth + 1)
  }

  #array(depth: number): void {
    this.#values(this.#arrayLength(this.#u8()), depth + 1)
  }

  #arrayLength(head: number): number {
    if (head >= 0x90 && head < 0xa0) return head & 0x0f
    if (head === 0xdc) return this.#u16()
    if (head === 0xdd) return this.#u32()
    throw malformed('has something else where an array belongs')
  }

  /** Returns its bytes. */
  #text(): number {
    const head = this.#u8()
    const length =
      head >= 0xa0 && head < 0xc0
        ? head & 0x1f
        : head === 0xd9
          ? this.#u8()
          : head === 0xda
            ? this.#u16()
            : head === 0xdb
              ? this.#u32()
              : -1
    if (length < 0) throw malformed('has something else where a text belongs')
    this.#skip(length)
    return length
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
