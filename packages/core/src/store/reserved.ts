import { CacheMeshError } from '@cachemesh/protocol'

/**
 * The reserved partition: small things the mesh cannot live without, above all its configuration. It has a
 * budget of its own and no way to evict, expire or flush; only writing over or deleting by name.
 */
export class Reserved {
  readonly bytesMax: number
  readonly #items = new Map<string, Uint8Array>()
  #bytes = 0

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax
  }

  get bytes(): number {
    return this.#bytes
  }

  get(name: string): Uint8Array | undefined {
    return this.#items.get(name)
  }

  /** Throws ERR_VALUE_TOO_LARGE, and keeps what was there, when the budget does not allow it. */
  put(name: string, value: Uint8Array): void {
    const bytes = this.#bytes - (this.#items.get(name)?.byteLength ?? 0) + value.byteLength
    if (bytes > this.bytesMax) {
      throw new CacheMeshError(
        'ERR_VALUE_TOO_LARGE',
        `${name} would take the reserved partition to ${bytes} bytes; its budget is ${this.bytesMax}`,
      )
    }
    this.#items.set(name, value)
    this.#bytes = bytes
  }

  delete(name: string): void {
    this.#bytes -= this.#items.get(name)?.byteLength ?? 0
    this.#items.delete(name)
  }
}
