import type { CacheMeshError, Frame } from '@cachemesh/protocol'
import type { Instant } from '../limits/instant.ts'
import type { Role } from '../placement/router.ts'
import { type Acknowledging, type Call, type Carried, type KeyRequest, NO_HOPS } from './call.ts'
import { moving } from './execution.ts'
import type { NodeParts } from './node-parts.ts'

export interface OwnCallParts<Result> {
  readonly node: NodeParts
  readonly request: KeyRequest
  /** Monotonic ms. */
  readonly deadline: number
  /** `certain`: the owner of the key has it; otherwise somebody who stands in for it. */
  resolve(result: Result, certain: boolean): void
  reject(error: unknown): void
}

/** What this node's own program changes under a key, here or at another member. */
export abstract class OwnCall<Result extends Carried> implements Call {
  readonly request: KeyRequest
  readonly hops: readonly string[] = NO_HOPS
  readonly deadline: number
  failed: readonly string[] = NO_HOPS
  to = ''
  sentAt = 0
  readonly #parts: OwnCallParts<Result>

  constructor(parts: OwnCallParts<Result>) {
    this.request = parts.request
    this.deadline = parts.deadline
    this.#parts = parts
    this.#lapse()
  }

  /** Carries it out here. */
  protected abstract execute(node: NodeParts, at: Instant): Result

  /** What the member says that has carried it out. */
  protected abstract read(frame: Frame): Result

  answered(frame: Frame): void {
    const { resolve, reject } = this.#parts
    this.#lapse()
    try {
      resolve(this.read(frame), this.failed.length === 0 && !frame.stoodIn)
    } catch (error) {
      reject(error)
    }
  }

  served(as: Role, at: Instant, acknowledging: Acknowledging): void {
    const { node, resolve, reject } = this.#parts
    try {
      if (as === 'last-resort') throw moving()
      const written = this.execute(node, at)
      const { request, deadline } = this
      const end = { acknowledge: () => resolve(written, as === 'owner'), refuse: reject }
      acknowledging.after({ request, written, as, deadline }, at, end)
    } catch (error) {
      reject(error)
    }
  }

  failedWith(error: CacheMeshError): void {
    this.#lapse()
    this.#parts.reject(error)
  }

  /**
   * Nobody tells this node of its own write. A copy may come until the owner carries it out, and then stands before the
   * answer: so what is here ends now and when the answer comes, whatever it says.
   */
  #lapse(): void {
    const { node, request } = this.#parts
    node.copying.held.lapse(request.key, request.hash)
  }
}
