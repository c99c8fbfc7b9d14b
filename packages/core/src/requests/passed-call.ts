import { type CacheMeshError, FLAG, type Frame, KIND } from '@cachemesh/protocol'
import type { Granted } from '../copies/held.ts'
import type { Instant } from '../limits/instant.ts'
import type { Call, KeyRequest } from './call.ts'
import { passLease } from './load-reply.ts'
import type { KeyReply } from './reply.ts'

/** What whoever answered says of its answer. */
const PASSED_FLAGS = FLAG.stoodIn | FLAG.absent | FLAG.stale | FLAG.existed

export interface Passing {
  /** Those it has passed before this node. */
  readonly hops: readonly string[]
  readonly failed: readonly string[]
  /** Monotonic ms. */
  readonly deadline: number
  readonly reply: KeyReply
  readonly served: Call['served']
  /** The id under which who asked waits, when whoever owns the key may answer it; undefined: it waits for this node. */
  readonly origin: number | undefined
  /** What becomes of a copy that this node may keep: it shares the arc of the key with the owner. */
  readonly keep: ((copy: Omit<Granted, 'askedAt'>, at: Instant) => void) | undefined
}

/** A peer's request on its way to a third member. */
export class PassedCall implements Call {
  readonly request: KeyRequest
  readonly hops: readonly string[]
  readonly deadline: number
  failed: readonly string[]
  to = ''
  sentAt = 0
  readonly #reply: KeyReply
  readonly #keep: Passing['keep']
  readonly served: Call['served']
  readonly straight: boolean
  readonly origin: number | undefined

  constructor(request: KeyRequest, passing: Passing) {
    this.request = request
    this.hops = passing.hops
    this.failed = passing.failed
    this.deadline = passing.deadline
    this.#reply = passing.reply
    this.#keep = passing.keep
    this.served = passing.served
    this.origin = passing.origin
    this.straight = passing.origin !== undefined
  }

  answered(frame: Frame, at: Instant): void {
    const flags = FLAG.forwarded | (frame.flags & PASSED_FLAGS)
    if (frame.kind === KIND.lease) passLease(this.#reply, frame, flags)
    else if (frame.kind === KIND.hit && frame.leaseMs > 0 && this.#keep !== undefined)
      this.#passKept(frame, { flags, keep: this.#keep, at })
    else this.#reply.pass(frame, flags)
  }

  #passKept(
    frame: Frame,
    {
      flags,
      keep,
      at,
    }: { readonly flags: number; readonly keep: NonNullable<Passing['keep']>; readonly at: Instant },
  ): void {
    const { leaseMs } = frame
    const version = frame.version()
    const entry = frame.entry()
    this.#reply.hit(version, entry, flags)
    keep({ ...entry, version, leaseMs }, at)
  }

  settled(): void {
    this.#reply.settled()
  }

  waits(): void {
    this.#reply.waiting()
  }

  failedWith(error: CacheMeshError): void {
    this.#reply.error(error)
  }
}
