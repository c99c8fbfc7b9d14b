// A structured value as JSON, for programs that speak nothing else. JSON holds less: what it cannot hold is
// rendered as the nearest thing that it can, and never read back. References may share or close circles, so
// a small value could render without end: everything is counted.

import { CacheMeshError, LIMITS } from '@cachemesh/protocol'

const DEPTH_MAX = 4 * LIMITS.depthMax
/** What brackets, commas and quotes of one value take, about. */
const AROUND_CHARS = 4

/**
 * JSON text of a decoded value: BigInt, RegExp → text; Date → ISO 8601 or null; bytes and typed arrays → base64;
 * Map → object when all keys are texts, else list of pairs; Set → list; Error → `{ name, message }`;
 * NaN, Infinity, undefined → null.
 *
 * @throws ERR_INVALID_VALUE for a value that refers to itself, ERR_VALUE_TOO_LARGE
 */
export function renderJson(value: unknown): string {
  return JSON.stringify(new Rendering().value(value))
}

class Rendering {
  readonly #parents = new Set<object>()
  #chars = 0

  value(value: unknown): unknown {
    this.#count(typeof value === 'string' ? value.length : 0)
    if (typeof value === 'bigint') return String(value)
    if (typeof value === 'object' && value !== null) return this.#object(value)
    return value ?? null
  }

  #object(value: object): unknown {
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
    if (value instanceof RegExp) return String(value)
    if (value instanceof ArrayBuffer) return this.#bytes(new Uint8Array(value))
    if (ArrayBuffer.isView(value)) {
      return this.#bytes(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))
    }
    if (this.#parents.has(value) || this.#parents.size >= DEPTH_MAX) throw endless()
    this.#parents.add(value)
    const rendered = this.#members(value)
    this.#parents.delete(value)
    return rendered
  }

  #members(value: object): unknown {
    if (value instanceof Error) return { name: value.name, message: this.value(value.message) }
    if (Array.isArray(value)) return value.map(item => this.value(item))
    if (value instanceof Set) return [...value].map(item => this.value(item))
    if (value instanceof Map) {
      const pairs = [...value]
      if (pairs.every(([key]) => typeof key === 'string')) return this.#named(pairs)
      return pairs.map(([key, item]) => [this.value(key), this.value(item)])
    }
    return this.#named(Object.entries(value))
  }

  #named(pairs: [string, unknown][]): object {
    // A key `__proto__` must become a field like any other.
    const rendered: Record<string, unknown> = Object.create(null)
    for (const [name, item] of pairs) {
      this.#count(name.length)
      rendered[name] = this.value(item)
    }
    return rendered
  }

  #bytes(bytes: Uint8Array): string {
    this.#count(bytes.length * 1.4)
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
  }

  #count(chars: number): void {
    this.#chars += chars + AROUND_CHARS
    if (this.#chars > LIMITS.valueBytesMax) {
      throw new CacheMeshError(
        'ERR_VALUE_TOO_LARGE',
        'The value is too large as JSON; ask for it with Accept: application/vnd.msgpack',
      )
    }
  }
}

function endless(): CacheMeshError {
  return new CacheMeshError(
    'ERR_INVALID_VALUE',
    'The value refers to itself, which JSON cannot say; ask for it with Accept: application/vnd.msgpack',
  )
}
