// The answer to a request that another member has passed on, for who asked first: it need not go back the way it came.

import { type EntryBody, FLAG, LIMITS, type Stamp } from '@cachemesh/protocol'
import { type Outlet, QUEUED_BYTES_MAX } from './outlet.ts'
import { Reply } from './reply.ts'
import { shown } from './straights.ts'

/** Larger values go back the way they came: only there is it seen that one of them takes its time. */
const STRAIGHT_BYTES_MAX = LIMITS.smallFrameBytesMax / 2

export interface FirstAsker {
  readonly asker: Outlet
  /** Its request waits there under this id. */
  readonly origin: number
  readonly hash: number
  /** It has been answered. */
  readonly settle: () => void
}

export class StraightReply extends Reply {
  readonly #first: FirstAsker

  constructor(by: Outlet, id: number, stamp: Stamp, first: FirstAsker) {
    super(by, id, stamp)
    this.#first = first
  }

  override hit(version: number, entry: EntryBody, flags = 0, leaseMs = 0): void {
    const { asker, origin, hash, settle } = this.#first
    if (leaseMs > 0 || entry.value.length > STRAIGHT_BYTES_MAX || asker.queuedBytes > QUEUED_BYTES_MAX) {
      super.hit(version, entry, flags, leaseMs)
      return
    }
    asker.writer.hit(origin, version, entry, flags | FLAG.forwarded, shown(hash))
    asker.flushSoon()
    settle()
  }

  override miss(flags = 0): void {
    const { asker, origin, hash, settle } = this.#first
    asker.writer.miss(origin, flags | FLAG.forwarded, shown(hash))
    asker.flushSoon()
    settle()
  }
}
