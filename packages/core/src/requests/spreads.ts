// A write on its way from the member that ordered it to those that keep copies. They get it at once; who wrote hears of
// it when as many have it as the namespace says (setting ackReplicas). Who changes from one configuration to the next
// gets it then. One that refuses it knows a newer owner: the write is not acknowledged, and its caller tries again.

import { CacheMeshError, type Frame, packCarried, splitKey } from '@cachemesh/protocol'
import type { Instant } from '../limits/instant.ts'
import type { Target } from '../placement/placement.ts'
import { carriedOf } from '../replication/carrying.ts'
import { type Call, type KeyRequest, NO_HOPS } from './call.ts'
import { moving } from './execution.ts'
import { SWEEP_MS } from './hearing.ts'
import type { NodeParts } from './node-parts.ts'
import type { Write } from './spreading.ts'

/** A copy that was not taken is sent again after so long, ms. */
const AGAIN_MS = 200

interface Spread extends Write {
  readonly acked: Set<string>
  /** When it was sent to each, and whether that is still open. */
  readonly asked: Map<string, { at: number; open: boolean }>
}

export class Spreads {
  readonly #node: NodeParts
  readonly #send: (call: Call, at: Instant) => void
  readonly #open = new Set<Spread>()
  #lookedAt = 0

  constructor(node: NodeParts, send: (call: Call, at: Instant) => void) {
    this.#node = node
    this.#send = send
  }

  /** When it is to be swept, monotonic ms. */
  get wakeAt(): number {
    return this.#open.size === 0 ? Number.POSITIVE_INFINITY : this.#lookedAt + SWEEP_MS
  }

  get size(): number {
    return this.#open.size
  }

  /** What was just written here goes to all who keep copies. */
  begin(write: Write, at: Instant): void {
    const { placement, replication } = this.#node
    const { target } = write
    const list = placement.list(target)
    const place = list.indexOf(this.#node.id)
    if (place > 0) replication.stoodIn(list.slice(0, place), at.now)
    const spread = { ...write, acked: new Set<string>(), asked: new Map() }
    // Those that are open already are looked at when they would have been.
    if (this.#open.size === 0) this.#lookedAt = at.now
    this.#open.add(spread)
    this.#spread(spread, at)
    // It may have waited for something else before: no sweep comes in time.
    if (at.now >= spread.deadline && this.#open.has(spread)) this.#settle(spread, late(target), at)
  }

  /** Sends again what did not arrive, and ends what waits for too long. */
  sweep(at: Instant): void {
    this.#lookedAt = at.now
    for (const spread of this.#open) {
      if (at.now < spread.deadline) this.#spread(spread, at)
      else this.#settle(spread, late(spread.target), at)
    }
  }

  close(error: CacheMeshError): void {
    for (const spread of this.#open) this.#settle(spread, error, undefined)
  }

  #spread(spread: Spread, at: Instant): void {
    const { placement, id: self, store } = this.#node
    const { target, acked, asked } = spread
    const list = placement.list(target)
    const place = list.indexOf(self)
    if (place < 0) {
      this.#settle(spread, moving(), at)
      return
    }
    const replicas = placement.copiers(target, self)
    const needed = Math.min(placement.ackReplicasOf(target.key), replicas.length)
    const missing = replicas.filter(id => {
      const before = asked.get(id)
      return !acked.has(id) && (before === undefined || (!before.open && at.now >= before.at + AGAIN_MS))
    })
    const entry = missing.length === 0 ? undefined : store.latest(target.key)
    const carried = entry && packCarried(carriedOf(entry, at.now))
    for (const only of carried === undefined ? [] : missing) {
      asked.set(only, { at: at.now, open: true })
      const request: KeyRequest = { kind: 'replicate', ...target, ...(carried && { carried }) }
      const failed = list.slice(0, place)
      this.#send(new CopyCall({ request, only, failed, deadline: spread.deadline }, spread, this), at)
    }
    this.check(spread, { needed, replicas, at })
  }

  /** Ends a write that enough have. */
  check(
    spread: Spread,
    { needed, replicas, at }: { needed: number; replicas: readonly string[]; at: Instant | undefined },
  ): void {
    if (replicas.filter(id => spread.acked.has(id)).length >= needed) this.#settle(spread, undefined, at)
  }

  took(spread: Spread, id: string, at: Instant): void {
    spread.acked.add(id)
    if (this.#open.has(spread)) this.#spread(spread, at)
  }

  refused(spread: Spread, id: string, error: CacheMeshError, at: Instant | undefined): void {
    const asked = spread.asked.get(id)
    if (asked) asked.open = false
    if (FINAL.includes(error.code) || at === undefined) this.#settle(spread, error, at)
  }

  #settle(spread: Spread, error: CacheMeshError | undefined, at: Instant | undefined): void {
    if (this.#open.delete(spread)) spread.settle(error, at)
  }
}

/** The write goes to one of those who keep a copy. */
class CopyCall implements Call {
  readonly request: KeyRequest
  readonly hops: readonly string[] = NO_HOPS
  readonly deadline: number
  failed: readonly string[]
  readonly only: string
  to = ''
  sentAt = 0
  readonly #spread: Spread
  readonly #spreads: Spreads

  constructor(
    {
      request,
      only,
      failed,
      deadline,
    }: { request: KeyRequest; only: string; failed: readonly string[]; deadline: number },
    spread: Spread,
    spreads: Spreads,
  ) {
    this.request = request
    this.only = only
    this.failed = failed
    this.deadline = deadline
    this.#spread = spread
    this.#spreads = spreads
  }

  answered(_frame: Frame, at: Instant): void {
    this.#spreads.took(this.#spread, this.only, at)
  }

  served(): void {
    // Nobody keeps a copy of what he owns.
  }

  failedWith(error: CacheMeshError, at?: Instant): void {
    this.#spreads.refused(this.#spread, this.only, error, at)
  }
}

/** Trying again changes nothing. */
const FINAL = ['ERR_NOT_OWNER', 'ERR_VALUE_TOO_LARGE']

function late({ key }: Target): CacheMeshError {
  const shown = JSON.stringify(splitKey(key).key)
  return new CacheMeshError(
    'ERR_TIMEOUT',
    `Not as many members as the setting ackReplicas asks for have confirmed the write of key ${shown} before the deadline`,
  )
}
