// The answer to a request that another member has passed on, for who asked first: it need not go back the way it came.

import { type EntryBody, FLAG, LIMITS, type Stamp } from '@cachemesh/protocol'
import { type Outlet, QUEUED_BYTES_MAX } from './outlet.ts'
import { Reply } from './reply.ts'
import { shown } from './straights.ts'

/** Larger values go back the way they came: only there is it seen that one of them takes its time. */
const STRAIGHT_BYTES_MAX = LIMITS.smallFrameBytesMax / 2

/** Hears which requests were answered so. */
export interface Settling {
  settle(by: Outlet, id: number): void
}

export interface FirstAsker {
  readonly outlet: Outlet
  /** Its request waits there under this id. */
  readonly origin: number
  readonly hash: number
}

export class StraightReply extends Reply {
  readonly #by: Outlet
  readonly #id: number
  readonly #first: FirstAsker
  readonly #settling: Settling

  constructor(
    { by, id, stamp }: { readonly by: Outlet; readonly id: number; readonly stamp: Stamp },
    first: FirstAsker,
    settling: Settling,
  ) {
    super(by, id, stamp)
    this.#by = by
    this.#id = id
    this.#first = first
    this.#settling = settling
  }

  override hit(version: number, entry: EntryBody, flags = 0, leaseMs = 0): void {
    const { outlet, origin, hash } = this.#first
    if (leaseMs > 0 || entry.value.length > STRAIGHT_BYTES_MAX || outlet.queuedBytes > QUEUED_BYTES_MAX) {
      super.hit(version, entry, flags, leaseMs)
      return
    }
    outlet.writer.hit(origin, version, entry, flags | FLAG.forwarded, shown(hash))
    this.#settle(outlet)
  }

  override miss(flags = 0): void {
    const { outlet, origin, hash } = this.#first
    outlet.writer.miss(origin, flags | FLAG.forwarded, shown(hash))
    this.#settle(outlet)
  }

  #settle(outlet: Outlet): void {
    outlet.flushSoon(true)
    this.#settling.settle(this.#by, this.#id)
  }
}
