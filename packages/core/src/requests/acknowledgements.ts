// What has to be true elsewhere before a write that was carried out here is acknowledged. Nothing, for most writes.

import type { CacheMeshError } from '@cachemesh/protocol'
import type { Instant } from '../limits/instant.ts'
import type { Acknowledging, Call, Carried, Ending, Executed, KeyRequest } from './call.ts'
import { InvalidateCall } from './invalidate-call.ts'
import type { NodeParts } from './node-parts.ts'
import { Spreads } from './spreads.ts'

/** The holder of a copy that has not answered by then is not waited for: its copy ends with its lease. */
const HOLDER_MS = 300

/** A call may settle so late after its deadline: who waits for the holders must hear in time. */
const SWEEP_MARGIN_MS = 50

export class Acknowledgements implements Acknowledging {
  readonly #node: NodeParts
  readonly #dispatch: (call: Call, at: Instant) => void
  readonly #spreads: Spreads

  constructor(node: NodeParts, dispatch: (call: Call, at: Instant) => void) {
    this.#node = node
    this.#dispatch = dispatch
    this.#spreads = new Spreads(node, dispatch)
  }

  /** False: a write of this key can be acknowledged as soon as it is carried out. */
  neededFor(key: string, now: number): boolean {
    const { copying, replication } = this.#node
    return !replication.plain || (copying.grants.size > 0 && copying.grants.holders(key, now).length > 0)
  }

  /** Writes that wait for those who keep copies. */
  get size(): number {
    return this.#spreads.size
  }

  get wakeAt(): number {
    return this.#spreads.wakeAt
  }

  sweep(at: Instant): void {
    this.#spreads.sweep(at)
  }

  close(error: CacheMeshError): void {
    this.#spreads.close(error)
  }

  /**
   * Ends well when those who keep copies have it, as many as the namespace wants, and nobody whom this node can reach
   * answers with what was there before: at once, if nobody does either, or the value is what it was.
   */
  after(write: Executed, at: Instant, end: Ending): void {
    const { request, written, as, deadline } = write
    const isWrite = (written.outcome ?? 'stored') === 'stored' && written.version > 0
    if (!isWrite || (as === 'owner' && this.#node.replication.plain)) {
      this.#revoke(write, at, end.acknowledge)
      return
    }
    let open = 2
    let failed: CacheMeshError | undefined
    const part = (error: CacheMeshError | undefined, then: Instant): void => {
      failed ??= error
      if (--open > 0) return
      if (failed === undefined) end.acknowledge(then)
      else end.refuse(failed)
    }
    this.#revoke(write, at, then => part(undefined, then))
    this.#spreads.begin({ target: request, deadline, settle: (error, then) => part(error, then ?? at) }, at)
  }

  #revoke(
    { request, written, writer, deadline: callerEnds }: Executed,
    at: Instant,
    acknowledge: (at: Instant) => void,
  ): void {
    const { grants } = this.#node.copying
    const revoked = grants.size > 0 && changes(request, written) ? grants.revoke(request.key, at.now) : []
    // The copy of who writes ends by itself (own-call.ts).
    const holders = writer === undefined ? revoked : revoked.filter(({ peer }) => peer !== writer)
    let open = holders.length
    if (open === 0) acknowledge(at)
    const write = { key: request.key, hash: request.hash, version: written.version }
    for (const { peer, until } of holders) {
      const deadline = Math.min(until, at.now + HOLDER_MS, callerEnds - SWEEP_MARGIN_MS)
      const done = (then: Instant): void => {
        if (--open === 0) acknowledge(then)
      }
      this.#dispatch(new InvalidateCall(write, { peer, deadline, at, done }), at)
    }
  }
}

/** A copy has its own time to live: it may outlast a shorter one by its lease. */
function changes({ kind, alteration }: KeyRequest, { outcome = 'stored' }: Carried): boolean {
  if (kind === 'release' || outcome !== 'stored') return false
  return alteration?.operation !== 'touch' && alteration?.operation !== 'get-and-touch'
}
