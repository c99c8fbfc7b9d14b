// Values that are too large for a block, each in memory of its own.

/** What such a value costs beside its bytes: the array, its buffer, and what the allocator adds. */
const OVERHEAD_BYTES = 320

export class Outside {
  readonly #values: (Uint8Array | undefined)[] = []
  readonly #unused: number[] = []
  #bytes = 0

  /** Memory of all of them. */
  get bytes(): number {
    return this.#bytes
  }

  bytesOf(value: Uint8Array): number {
    return value.byteLength + OVERHEAD_BYTES
  }

  /** Returns the number of the value here. */
  add(value: Uint8Array): number {
    const number = this.#unused.pop() ?? this.#values.length
    // A view would keep all that it is a view of.
    this.#values[number] = value.byteLength === value.buffer.byteLength ? value : new Uint8Array(value)
    this.#bytes += this.bytesOf(value)
    return number
  }

  get(number: number): Uint8Array {
    return this.#values[number]!
  }

  remove(number: number): void {
    this.#bytes -= this.bytesOf(this.get(number))
    this.#values[number] = undefined
    this.#unused.push(number)
  }

  clear(): void {
    this.#values.length = 0
    this.#unused.length = 0
    this.#bytes = 0
  }
}
