// What has to be true elsewhere before a write that was carried out here is acknowledged. Nothing, for most writes.

import type { Instant } from '../limits/instant.ts'
import type { Acknowledging, Call, Carried, KeyRequest } from './call.ts'
import { InvalidateCall } from './invalidate-call.ts'
import type { NodeParts } from './node-parts.ts'

/** The holder of a copy that has not answered by then is not waited for: its copy ends with its lease. */
const HOLDER_MS = 300

export class Acknowledgements implements Acknowledging {
  readonly #node: NodeParts
  readonly #dispatch: (call: Call, at: Instant) => void

  constructor(node: NodeParts, dispatch: (call: Call, at: Instant) => void) {
    this.#node = node
    this.#dispatch = dispatch
  }

  /** False: a write of this key can be acknowledged as soon as it is carried out. */
  neededFor(key: string, now: number): boolean {
    const { grants } = this.#node.copying
    return grants.size > 0 && grants.holders(key, now).length > 0
  }

  /**
   * Calls `acknowledge` when nobody whom this node can reach answers with what was there before: at once, if nobody
   * holds a copy, or the value is what it was.
   */
  after(request: KeyRequest, written: Carried, at: Instant, acknowledge: (at: Instant) => void): void {
    const { grants } = this.#node.copying
    const holders = grants.size > 0 && changes(request, written) ? grants.revoke(request.key, at.now) : []
    let open = holders.length
    if (open === 0) acknowledge(at)
    const write = { key: request.key, hash: request.hash, version: written.version }
    for (const { peer, until } of holders) {
      const deadline = Math.min(until, at.now + HOLDER_MS)
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
