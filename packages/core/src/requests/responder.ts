// Requests of peers: served here, passed on, or answered as well as possible.

import {
  CacheMeshError,
  checkValue,
  type EntryBody,
  FLAG,
  type Frame,
  hashKey,
  KIND,
  splitKey,
} from '@cachemesh/protocol'
import type { Instant } from '../limits/instant.ts'
import type { Call, KeyRequest, Role } from './call.ts'
import type { Calls } from './calls.ts'
import { executeWrite, moving } from './execution.ts'
import type { NodeParts } from './node-parts.ts'
import type { Outlet } from './outlet.ts'
import { Reads } from './reads.ts'
import { Reply } from './reply.ts'
import { checkSize } from './value-size.ts'

/** A request without a budget still ends. */
const BUDGET_MS = 5_000

export class Responder {
  readonly #node: NodeParts
  readonly #calls: Calls
  readonly #reads: Reads
  #leaving = false

  constructor(node: NodeParts, calls: Calls) {
    this.#node = node
    this.#calls = calls
    this.#reads = new Reads(node.store)
  }

  /** From now on peers are sent to the next member. */
  leave(): void {
    this.#leaving = true
  }

  /** A frame of kind get, set or delete. Throws ERR_MALFORMED_FRAME when it is not understood. */
  request(from: Outlet, frame: Frame, at: Instant): void {
    const { key, hops, failed } = frame.target()
    const reply = new Reply(from, frame.requestId, this.#node.stamp)
    try {
      if (this.#leaving) throw new CacheMeshError('ERR_CLOSED', 'The node is leaving')
      const { namespace } = splitKey(key) // throws for what qualifies no key
      const hash = hashKey(key)
      const owned = this.#node.placement.owns(hash)
      if (owned && frame.kind === KIND.get) {
        this.#reads.add(key, reply, at)
        return
      }
      // Requests of one peer take effect in the order in which they came.
      this.#reads.answer(at)
      const request = requestIn(frame, key, hash)
      if (request.entry) checkSize(this.#node.settings, namespace, request.entry.value.length)
      // Most requests are for keys that are owned here: they need no call.
      if (owned) {
        reply.done(executeWrite(this.#node.store, request, at))
        return
      }
      const deadline = at.now + (frame.budgetMs || BUDGET_MS)
      const served: Call['served'] = (as, then) => this.#serve(request, as, { reply, at: then })
      const passing = { hops: [...hops, from.peer], failed, deadline, reply, served }
      this.#calls.dispatch(new PassedCall(request, passing), at)
    } catch (error) {
      reply.error(error)
    }
  }

  /** The frames that arrived together were all handed over: what waits for others of its kind is answered. */
  through(at: Instant): void {
    this.#reads.answer(at)
  }

  #serve(
    request: KeyRequest,
    as: Role,
    { reply, at }: { readonly reply: Reply; readonly at: Instant },
  ): void {
    try {
      const { store } = this.#node
      const flags = as === 'owner' ? 0 : FLAG.stoodIn
      if (request.kind === 'get') {
        const { now } = at
        reply.found(store.read(request.key, now), now, flags)
      } else if (as === 'last-resort') throw moving()
      else reply.done(executeWrite(store, request, at), flags)
    } catch (error) {
      reply.error(error)
    }
  }
}

function requestIn(frame: Frame, key: string, hash: number): KeyRequest {
  if (frame.kind === KIND.get) return { kind: 'get', key, hash }
  if (frame.kind === KIND.delete) return { kind: 'delete', key, hash }
  if (frame.kind === KIND.set) return { kind: 'set', key, hash, entry: ownEntry(frame) }
  throw new CacheMeshError(
    'ERR_MALFORMED_FRAME',
    `A request of kind ${frame.kind} is unknown to this version`,
  )
}

interface Passing {
  readonly hops: readonly string[]
  readonly failed: readonly string[]
  readonly deadline: number
  readonly reply: Reply
  readonly served: Call['served']
}

/** A peer's request on its way to a third member. */
class PassedCall implements Call {
  readonly request: KeyRequest
  readonly hops: readonly string[]
  readonly deadline: number
  failed: readonly string[]
  to = ''
  sentAt = 0
  readonly #reply: Reply
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
    const flags = FLAG.forwarded | (frame.flags & FLAG.stoodIn)
    if (frame.kind === KIND.hit) this.#reply.hit(frame.version(), frame.entry(), flags)
    else if (frame.kind === KIND.miss) this.#reply.miss(flags)
    else this.#reply.done({ version: frame.version(), existed: frame.existed }, flags)
  }

  failedWith(error: CacheMeshError): void {
    this.#reply.error(error)
  }
}

/** The entry of a set frame in memory of its own, checked before anything keeps or decodes it. */
function ownEntry(frame: Frame): EntryBody {
  const { value, contentType, ttlMs } = frame.entry()
  checkValue(value, contentType)
  return { value: frame.owned ? value : new Uint8Array(value), contentType, ttlMs }
}
