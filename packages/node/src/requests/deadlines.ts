import { CacheMeshError } from '@cachemesh/protocol'

/** Bounds work that nobody else bounds, such as a program's loader: its callers hear by their deadline. */
export class Deadlines {
  readonly #open = new Set<() => void>()

  /** The result of `work`; what `late` makes when it takes longer, ERR_CLOSED when the node closes. */
  within<T>(work: Promise<T>, limit: { readonly ms: number; readonly late: () => Error }): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const timer = setTimeout(() => reject(limit.late()), limit.ms)
    const closed = () => reject(new CacheMeshError('ERR_CLOSED', 'The node is closed'))
    this.#open.add(closed)
    work.then(resolve, reject)
    return promise.finally(() => {
      clearTimeout(timer)
      this.#open.delete(closed)
    })
  }

  close(): void {
    for (const closed of this.#open) closed()
  }
}
