import { type CacheMeshError, FLAG, type Frame, KIND } from '@cachemesh/protocol'
import type { Call, KeyRequest } from './call.ts'
import { passLease } from './load-reply.ts'
import type { KeyReply } from './reply.ts'

/** What whoever answered says of its answer. */
const PASSED_FLAGS = FLAG.stoodIn | FLAG.absent | FLAG.stale

export interface Passing {
  readonly hops: readonly string[]
  readonly failed: readonly string[]
  readonly deadline: number
  readonly reply: KeyReply
  readonly served: Call['served']
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
  readonly served: Call['served']

  constructor(request: KeyRequest, passing: Passing) {
    this.request = request
    this.hops = passing.hops
    this.failed = passing.failed
    this.deadline = passing.deadline
    this.#reply = passing.reply
    this.served = passing.served
  }

  answered(frame: Frame): void {
    const flags = FLAG.forwarded | (frame.flags & PASSED_FLAGS)
    const { existed } = frame
    if (frame.kind === KIND.hit) this.#reply.hit(frame.version(), frame.entry(), flags)
    else if (frame.kind === KIND.miss) this.#reply.miss(flags)
    else if (frame.kind === KIND.lease) passLease(this.#reply, frame, flags)
    else if (frame.kind === KIND.altered) this.#reply.altered({ ...frame.altered(), existed }, flags)
    else this.#reply.done({ version: frame.version(), existed }, flags)
  }

  waits(): void {
    this.#reply.waiting()
  }

  failedWith(error: CacheMeshError): void {
    this.#reply.error(error)
  }
}
