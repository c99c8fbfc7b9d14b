import type { Lease, OwnLoaders } from '@cachemesh/core'
import { type LeaseBody, namespaceOf, splitKey } from '@cachemesh/protocol'

/** Loads a key under a lease; the member that granted it is told. */
interface Work {
  load(key: { readonly key: string; readonly qualified: string }, lease: LeaseBody): Promise<unknown>
}

interface NamespaceLoader {
  readonly work: Work
  readonly leaseMs: number
}

/** The loaders of this process by namespace: for keys that this node answers for, whoever asks. */
export class NamespaceLoaders implements OwnLoaders {
  readonly #self: string
  readonly #loaders = new Map<string, NamespaceLoader>()

  constructor(self: string) {
    this.#self = self
  }

  /** The latest one counts. */
  set(namespace: string, work: Work, leaseMs: number): void {
    this.#loaders.set(namespace, { work, leaseMs })
  }

  leaseMs(qualified: string): number {
    return this.#loaders.get(namespaceOf(qualified))?.leaseMs ?? 0
  }

  load(qualified: string, lease: Lease): void {
    const { namespace, key } = splitKey(qualified)
    const loader = this.#loaders.get(namespace)
    if (loader === undefined) return
    // Who waits is told by the flight, of a failure too.
    Promise.resolve()
      .then(() => loader.work.load({ key, qualified }, { ...lease, holder: this.#self }))
      .catch(() => {})
  }
}
