import { type CacheMeshError, checkValue, type Frame, KIND } from '@cachemesh/protocol'
import type { Instant } from '../limits/instant.ts'
import type { Role } from '../placement/router.ts'
import { entryOf } from '../store/entry.ts'
import type { WriteResult } from '../writes/result.ts'
import { type Acknowledging, type Call, type KeyRequest, NO_HOPS } from './call.ts'
import { executeWrite, moving } from './execution.ts'
import type { NodeParts } from './node-parts.ts'

export interface OwnWriteParts {
  readonly node: NodeParts
  /** Of kind set, delete or alter. */
  readonly request: KeyRequest
  /** Monotonic ms. */
  readonly deadline: number
  /** `certain`: the owner of the key has it; otherwise somebody who stands in for it. */
  resolve(written: WriteResult, certain: boolean): void
  reject(error: unknown): void
}

/** A write of this node's own program. */
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
    this.#parts.node.copying.held.drop(this.request.key)
    const certain = this.failed.length === 0 && !frame.stoodIn
    this.#finish(certain, () => resultIn(frame))
  }

  served(as: Role, at: Instant, acknowledging: Acknowledging): void {
    const { node, resolve, reject } = this.#parts
    try {
      if (as === 'last-resort') throw moving()
      const written = executeWrite(node, this.request, at)
      const { request, deadline } = this
      const end = { acknowledge: () => resolve(written, as === 'owner'), refuse: reject }
      acknowledging.after({ request, written, as, deadline }, at, end)
    } catch (error) {
      reject(error)
    }
  }

  failedWith(error: CacheMeshError): void {
    this.#parts.reject(error)
  }

  #finish(certain: boolean, written: () => WriteResult): void {
    try {
      this.#parts.resolve(written(), certain)
    } catch (error) {
      this.#parts.reject(error)
    }
  }
}

/** The entry of a get-and-touch is in memory of its own. */
function resultIn(frame: Frame): WriteResult {
  const { existed } = frame
  if (frame.kind === KIND.altered) return { ...frame.altered(), existed }
  if (frame.kind === KIND.miss) return { outcome: 'not-found', version: 0, existed: false }
  const version = frame.version()
  if (frame.kind !== KIND.hit) return { outcome: 'stored', version, existed }
  const { value, contentType } = frame.entry()
  checkValue(value, contentType)
  const expiresAt = Number.POSITIVE_INFINITY
  const entry = entryOf({ value: new Uint8Array(value), contentType, expiresAt }, version)
  return { outcome: 'stored', version, existed: true, entry }
}
