import type { CacheMeshError, Frame } from '@cachemesh/protocol'
import { KIND } from '@cachemesh/protocol'
import type { Instant } from '../limits/instant.ts'
import { type Call, type KeyRequest, NO_HOPS } from './call.ts'

export interface SpareEnds {
  found(spare: SpareRead, frame: Frame, at: Instant): void
  /** `at` is missing when the node is closed. */
  missed(spare: SpareRead, at: Instant | undefined): void
}

/** A read as another member than the owner is asked for it, which keeps the entry too. */
export class SpareRead implements Call, KeyRequest {
  readonly kind = 'get'
  readonly spare = true
  readonly key: string
  readonly hash: number
  readonly hops: readonly string[] = NO_HOPS
  readonly deadline: number
  failed: readonly string[] = NO_HOPS
  to = ''
  sentAt = 0
  readonly only: string
  readonly original: Call
  readonly owner: string
  /** Id under which the owner was asked as well; 0: he was not yet; -1: that is over. */
  waitsAs: number
  readonly #ends: SpareEnds

  constructor(
    original: Call,
    {
      only,
      waitsAs,
      owner,
      ends,
    }: {
      readonly only: string
      readonly waitsAs: number
      readonly owner: string
      readonly ends: SpareEnds
    },
  ) {
    const { key, hash } = original.request
    this.key = key
    this.hash = hash
    this.deadline = original.deadline
    this.only = only
    this.owner = owner
    this.original = original
    this.waitsAs = waitsAs
    this.#ends = ends
  }

  get request(): KeyRequest {
    return this
  }

  answered(frame: Frame, at: Instant): void {
    if (frame.kind === KIND.hit) this.#ends.found(this, frame, at)
    else this.#ends.missed(this, at)
  }

  served(): void {
    // Nobody asks himself.
  }

  failedWith(_error: CacheMeshError, at?: Instant): void {
    this.#ends.missed(this, at)
  }
}
