// Loads that nobody waits for any more, by request id. A lease may still come for one: whoever granted it would take it for
// granted that somebody loads now, and let all others wait until it is over. So it is given back at once.

import { type Frame, KIND } from '@cachemesh/protocol'
import type { KeyRequest } from './call.ts'
import type { NodeParts } from './node-parts.ts'
import { OwnFill } from './own-fill.ts'

/** More are forgotten for good. */
const FORGOTTEN_MAX = 1_024
const RELEASE_MS = 1_000

export class ForgottenLoads {
  readonly #node: NodeParts
  readonly #requests = new Map<number, KeyRequest>()

  constructor(node: NodeParts) {
    this.#node = node
  }

  add(id: number, request: KeyRequest): void {
    if (request.kind !== 'load') return
    this.#requests.set(id, request)
    if (this.#requests.size <= FORGOTTEN_MAX) return
    for (const oldest of this.#requests.keys()) {
      this.#requests.delete(oldest)
      return
    }
  }

  /** The call that gives a lease back, if this reply is one that nobody waits for. */
  release(frame: Frame, now: number): OwnFill | undefined {
    const request = this.#requests.get(frame.requestId)
    if (request === undefined || frame.kind === KIND.waiting) return undefined
    this.#requests.delete(frame.requestId)
    if (frame.kind !== KIND.lease) return undefined
    const { key, hash } = request
    const { token, holder } = frame.lease()
    const release = {
      token,
      code: 'ERR_TIMEOUT',
      message: 'Whoever wanted to load does not wait any more',
    } as const
    return new OwnFill({
      node: this.#node,
      request: { kind: 'release', key, hash, release },
      holder,
      deadline: now + RELEASE_MS,
      resolve: () => {},
      reject: () => {},
    })
  }
}
