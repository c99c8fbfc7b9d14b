import type { CacheMeshError, Frame } from '@cachemesh/protocol'
import type { Instant } from '../limits/instant.ts'
import type { Role } from '../placement/router.ts'
import type { Written } from '../store/store.ts'
import { type Call, type KeyRequest, NO_HOPS } from './call.ts'
import { executeWrite, moving } from './execution.ts'
import type { NodeParts } from './node-parts.ts'

export interface OwnWriteParts {
  readonly node: NodeParts
  /** Of kind set or delete. */
  readonly request: KeyRequest
  /** Monotonic ms. */
  readonly deadline: number
  /** `certain`: the owner of the key has it; otherwise somebody who stands in for it. */
  resolve(written: Written, certain: boolean): void
  reject(error: unknown): void
}

/** A set or a delete of this node's own program. */
export class OwnWrite implements Call {
  readonly request: KeyRequest
  readonly hops: readonly string[] = NO_HOPS
  readonly deadline: number
  failed: readonly string[] = NO_HOPS
  to = ''
  sentAt = 0
  readonly #parts: OwnWriteParts

  constructor(parts: OwnWriteParts) {
    this.request = parts.request
    this.deadline = parts.deadline
    this.#parts = parts
  }

  answered(frame: Frame): void {
    const certain = this.failed.length === 0 && !frame.stoodIn
    this.#finish(certain, () => ({ version: frame.version(), existed: frame.existed }))
  }

  served(as: Role, at: Instant): void {
    this.#finish(as === 'owner', () => {
      if (as === 'last-resort') throw moving()
      return executeWrite(this.#parts.node.store, this.request, at)
    })
  }

  failedWith(error: CacheMeshError): void {
    this.#parts.reject(error)
  }

  #finish(certain: boolean, written: () => Written): void {
    try {
      this.#parts.resolve(written(), certain)
    } catch (error) {
      this.#parts.reject(error)
    }
  }
}
