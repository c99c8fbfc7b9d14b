// A structured value as JSON, for programs that speak nothing else. JSON holds less: what it cannot hold is
// rendered as the nearest thing that it can, and never read back. References may share or close circles, so
// a small value could render without end: everything is counted.

import { CacheMeshError, LIMITS } from '@cachemesh/protocol'

const DEPTH_MAX = 4 * LIMITS.depthMax
/** Rendering as many takes about half a second, in which the node does nothing else. */
const VALUES_MAX = 1_000_000

/**
 * JSON text of a decoded value: BigInt, RegExp → text; Date → ISO 8601 or null; bytes and typed arrays → base64;
 * Map → object when all keys are texts, else list of pairs; Set → list; Error → `{ name, message }`;
 * NaN, Infinity, undefined → null.
 *
 * @throws ERR_INVALID_VALUE for a value that refers to itself, ERR_VALUE_TOO_LARGE
 */
export function renderJson(value: unknown): string {
  return new Rendering().value(value)
}

class Rendering {
  readonly #parents = new Set<object>()
  #values = 0
  #chars = 0

  value(value: unknown): string {
    if (++this.#values > VALUES_MAX) throw tooLarge()
    switch (typeof value) {
      case 'string':
        return this.#text(value)
      case 'number':
        return Number.isFinite(value) ? String(value) : 'null'
      case 'boolean':
        return String(value)
      case 'bigint':
        return this.#text(String(value))
      case 'object':
        return value === null ? 'null' : this.#object(value)
      default:
        return 'null'
    }
  }

  #object(value: object): string {
    if (value instanceof Date) return JSON.stringify(value)
    if (value instanceof RegExp) return this.#text(String(value))
    if (value instanceof ArrayBuffer) return this.#text(Buffer.from(value).toString('base64'))
    if (ArrayBuffer.isView(value)) {
      const { buffer, byteOffset, byteLength } = value
      return this.#text(Buffer.from(buffer, byteOffset, byteLength).toString('base64'))
    }
    if (this.#parents.has(value) || this.#parents.size >= DEPTH_MAX) throw endless()
    this.#parents.add(value)
    const rendered = this.#members(value)
    this.#parents.delete(value)
    return rendered
  }

  #members(value: object): string {
    if (Array.isArray(value) || value instanceof Set) return this.#list(value)
    if (value instanceof Error)
      return this.#named(Object.entries({ name: value.name, message: value.message }))
    if (!(value instanceof Map)) return this.#named(Object.entries(value))
    const pairs = [...value]
    return pairs.every(([key]) => typeof key === 'string') ? this.#named(pairs) : this.#list(pairs)
  }

  #list(items: Iterable<unknown>): string {
    let rendered = ''
    for (const item of items) rendered += `${rendered === '' ? '' : ','}${this.value(item)}`
    return `[${rendered}]`
  }

  #named(pairs: [string, unknown][]): string {
    let rendered = ''
    for (const [name, item] of pairs) {
      rendered += `${rendered === '' ? '' : ','}${this.#text(name)}:${this.value(item)}`
    }
    return `{${rendered}}`
  }

  #text(text: string): string {
    this.#chars += text.length
    if (this.#chars > LIMITS.valueBytesMax) throw tooLarge()
    return JSON.stringify(text)
  }
}

function tooLarge(): CacheMeshError {
  return new CacheMeshError(
    'ERR_VALUE_TOO_LARGE',
    'The value is too large as JSON; ask for it with Accept: application/vnd.msgpack',
  )
}

function endless(): CacheMeshError {
  return new CacheMeshError(
    'ERR_INVALID_VALUE',
    'The value refers to itself, which JSON cannot say; ask for it with Accept: application/vnd.msgpack',
  )
}
