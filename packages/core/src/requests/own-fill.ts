import type { CacheMeshError, Frame } from '@cachemesh/protocol'
import type { Instant } from '../limits/instant.ts'
import type { Role } from '../placement/router.ts'
import type { Written } from '../store/store.ts'
import { type Acknowledging, type Call, type KeyRequest, NO_HOPS } from './call.ts'
import { executeFill, moving } from './execution.ts'
import type { NodeParts } from './node-parts.ts'

export interface OwnFillParts {
  readonly node: NodeParts
  /** Of kind fill or release. */
  readonly request: KeyRequest
  /** Of the lease; of what a change feed tells there is none, and it goes to the owner. */
  readonly holder?: string
  /** Monotonic ms. */
  readonly deadline: number
  resolve(written: Written): void
  reject(error: unknown): void
}

/** What this node's own program brings back for a lease, or what its change feed tells. */
export class OwnFill implements Call {
  readonly request: KeyRequest
  readonly hops: readonly string[] = NO_HOPS
  readonly deadline: number
  failed: readonly string[] = NO_HOPS
  to = ''
  sentAt = 0
  readonly only?: string
  readonly #parts: OwnFillParts

  constructor(parts: OwnFillParts) {
    this.request = parts.request
    this.deadline = parts.deadline
    if (parts.holder !== undefined) this.only = parts.holder
    this.#parts = parts
  }

  answered(frame: Frame): void {
    this.#parts.node.copying.held.drop(this.request.key)
    this.#finish(() => ({ version: frame.version(), existed: frame.existed }))
  }

  served(as: Role, at: Instant, acknowledging: Acknowledging): void {
    const { node, resolve, reject } = this.#parts
    try {
      if (as === 'last-resort') throw moving()
      const written = executeFill(node.flights, this.request, at)
      const { request, deadline } = this
      const end = { acknowledge: () => resolve(written), refuse: reject }
      acknowledging.after({ request, written, as, deadline }, at, end)
    } catch (error) {
      reject(error)
    }
  }

  failedWith(error: CacheMeshError): void {
    this.#parts.reject(error)
  }

  #finish(written: () => Written): void {
    try {
      this.#parts.resolve(written())
    } catch (error) {
      this.#parts.reject(error)
    }
  }
}
