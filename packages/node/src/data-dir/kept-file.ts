// A file that is replaced as a whole, again and again. A crash at any moment leaves the old or the new one,
// never half of one; while it cannot be written the program goes on without.

import { rename } from 'node:fs/promises'
import { writeDurably } from '@cachemesh/libp2p'

/** What could not be written is tried again after this time, ms, should nothing newer come before. */
const RETRY_MS = 5_000

/** Writes one content after the other; of those that wait only the newest is written. */
export class KeptFile {
  readonly #save: (bytes: Uint8Array) => Promise<void>
  readonly #failed: (cause: unknown) => void
  #waiting: Uint8Array | undefined
  #writing: Promise<void> | undefined
  #retry: NodeJS.Timeout | undefined
  #failing = false

  /** `failed` is called when writing begins to fail, not again before it has succeeded. */
  constructor(save: (bytes: Uint8Array) => Promise<void>, failed: (cause: unknown) => void) {
    this.#save = save
    this.#failed = failed
  }

  /** True while the last content handed over is known not to be kept. */
  get failing(): boolean {
    return this.#failing
  }

  write(bytes: Uint8Array): void {
    this.#waiting = bytes
    clearTimeout(this.#retry)
    this.#writing ??= this.#drain().finally(() => {
      this.#writing = undefined
    })
  }

  /** Resolves when everything handed over is kept, or could not be: it is not tried again after that. */
  async settled(): Promise<void> {
    while (this.#writing) await this.#writing
    clearTimeout(this.#retry)
  }

  async #drain(): Promise<void> {
    while (this.#waiting) {
      const bytes = this.#waiting
      this.#waiting = undefined
      try {
        await this.#save(bytes)
        // Not before: an older content that failed must not come after a newer one.
        clearTimeout(this.#retry)
        this.#failing = false
      } catch (cause) {
        this.#retryLater(bytes)
        if (!this.#failing) this.#failed(cause)
        this.#failing = true
      }
    }
  }

  #retryLater(bytes: Uint8Array): void {
    clearTimeout(this.#retry)
    this.#retry = setTimeout(() => this.write(this.#waiting ?? bytes), RETRY_MS)
    this.#retry.unref()
  }
}

/** A crash leaves the old file or the new one. */
export function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  return writeDurably(path, bytes, { temporary: `${path}.new`, flags: 'w', put: rename })
}
