import type { Frame } from '@cachemesh/protocol'
import type { Instant } from '../limits/instant.ts'
import type { Role } from '../placement/router.ts'
import { type Call, type KeyRequest, NO_HOPS } from './call.ts'

interface InvalidateParts {
  readonly peer: string
  /** Monotonic ms. */
  readonly deadline: number
  readonly at: Instant
  readonly done: (at: Instant) => void
}

/** Word to the holder of a copy that its key has been written. */
export class InvalidateCall implements Call {
  readonly request: KeyRequest
  readonly only: string
  readonly deadline: number
  readonly hops: readonly string[] = NO_HOPS
  failed: readonly string[] = NO_HOPS
  to = ''
  sentAt = 0
  readonly #at: Instant
  readonly #done: (at: Instant) => void

  /** @param done whether it came through or not: what does not come through ends with its lease */
  constructor(
    { key, hash, version }: { readonly key: string; readonly hash: number; readonly version: number },
    { peer, deadline, at, done }: InvalidateParts,
  ) {
    this.request = { kind: 'invalidate', key, hash, version }
    this.only = peer
    this.deadline = deadline
    this.#at = at
    this.#done = done
  }

  answered(_frame: Frame, at: Instant): void {
    this.#done(at)
  }

  served(_as: Role, at: Instant): void {
    this.#done(at)
  }

  failedWith(): void {
    this.#done(this.#at)
  }
}
