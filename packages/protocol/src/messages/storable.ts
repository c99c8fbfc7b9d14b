// What msgpackr would leave out, rename or damage without a word is refused here, before it sees it: a value
// comes back as it was set, whole, or is not taken.

import { CacheMeshError } from '../errors.ts'
import { LIMITS } from '../limits.ts'

/**
 * Throws ERR_INVALID_VALUE for a part that cannot be stored and ERR_VALUE_TOO_LARGE for a value that is
 * certain to be larger than a value may be, before anything is allocated for it.
 */
export function checkStorable(value: unknown): void {
  new Inspection().visit(value, 0)
}

const BIGINT_MAX = 2n ** BigInt(8 * LIMITS.bigintBytesMax - 1)

/** Property names that the encoder and the decoder use for themselves. A Map may hold them as keys. */
const RESERVED = new Set(['__proto__', '__keys__'])

/** Views of bytes that the format has numbers for; a Buffer comes back as a Uint8Array. */
const VIEWS = new Set(
  'Int8 Uint8 Uint8Clamped Int16 Uint16 Int32 Uint32 Float32 Float64 BigInt64 BigUint64'
    .split(' ')
    .map(type => `${type}Array`)
    .concat('DataView', 'Buffer'),
)

/** Names that msgpackr's table of error classes has or inherits, and for which it makes something else. */
function isMistaken(errorName: string): boolean {
  return errorName === 'AggregateError' || errorName in Object.prototype
}

class Inspection {
  /** A lower bound of the encoded bytes: one for each value, one for each UTF-16 unit of a text. */
  #bytes = 0
  readonly #seen = new Set<object>()

  visit(value: unknown, depth: number): void {
    this.#count(1)
    switch (typeof value) {
      case 'string':
        this.#count(value.length)
        checkText(value)
        break
      case 'bigint':
        if (value >= BIGINT_MAX || value < -BIGINT_MAX)
          throw refused(`it holds a BigInt of more than ${LIMITS.bigintBytesMax} bytes`)
        break
      case 'function':
      case 'symbol':
        throw refused(`it holds a ${typeof value}`)
      case 'object':
        if (value === null || this.#seen.has(value)) break
        if (depth >= LIMITS.depthMax) throw refused(`it is nested deeper than ${LIMITS.depthMax}`)
        this.#seen.add(value)
        this.#object(value, depth)
    }
  }

  #object(value: object, depth: number): void {
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Object.prototype || prototype === null) this.#fields(value, depth)
    else if (Array.isArray(value)) this.#array(value, depth)
    else this.#instance(value, depth)
  }

  #fields(value: object, depth: number): void {
    for (const name of Object.keys(value)) {
      if (RESERVED.has(name)) throw refused(`it has a property named ${name}; a Map may hold it as a key`)
      checkText(name)
      this.visit((value as Record<string, unknown>)[name], depth + 1)
    }
  }

  #array(value: readonly unknown[], depth: number): void {
    // A sparse array says that it has billions of items, and they would all be written.
    if (this.#bytes + value.length > LIMITS.valueBytesMax) throw tooLarge()
    for (let i = 0; i < value.length; i++) this.visit(value[i], depth + 1)
  }

  /** Of a class: a built-in one that can be stored, or one that says how, or its own enumerable properties. */
  #instance(value: object, depth: number): void {
    const tag = Object.prototype.toString.call(value)
    const { toJSON } = value as { toJSON?: unknown }
    if (ArrayBuffer.isView(value) && !VIEWS.has(value.constructor.name))
      throw refused(`it holds a ${nameOf(value, tag)}`)
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) this.#count(value.byteLength)
    else if (tag === '[object Date]' || tag === '[object RegExp]') return
    else if (value.constructor === Map) this.#map(value as Map<unknown, unknown>, depth)
    else if (value.constructor === Set) for (const item of value as Set<unknown>) this.visit(item, depth + 1)
    else if (typeof toJSON === 'function') this.visit(toJSON.call(value), depth + 1)
    else if (value instanceof Error) this.#error(value, depth)
    else if (tag === '[object Object]' && value.hasOwnProperty === Object.prototype.hasOwnProperty)
      this.#fields(value, depth)
    else throw refused(`it holds an object of class ${nameOf(value, tag)}, which has no form in bytes`)
  }

  #map(value: ReadonlyMap<unknown, unknown>, depth: number): void {
    for (const [key, item] of value) {
      this.visit(key, depth + 1)
      this.visit(item, depth + 1)
    }
  }

  #error(value: Error, depth: number): void {
    const { name, message, cause } = value
    if (typeof name !== 'string' || isMistaken(name))
      throw refused('it holds an AggregateError or an error of no name')
    if (typeof message !== 'string') throw refused('it holds an error whose message is no text')
    checkText(name)
    this.visit(message, depth + 1)
    this.visit(cause, depth + 1)
  }

  #count(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes > LIMITS.valueBytesMax) throw tooLarge()
  }
}

function checkText(text: string): void {
  if (!text.isWellFormed()) throw refused('it holds a text with half of a surrogate pair')
}

function nameOf(value: object, tag: string): string {
  const name: unknown = value.constructor?.name
  return typeof name === 'string' && name !== '' ? name : tag.slice(8, -1)
}

function refused(why: string): CacheMeshError {
  return new CacheMeshError('ERR_INVALID_VALUE', `The value cannot be encoded: ${why}`)
}

function tooLarge(): CacheMeshError {
  return new CacheMeshError(
    'ERR_VALUE_TOO_LARGE',
    `The value takes more than ${LIMITS.valueBytesMax} bytes, which is the limit`,
  )
}
