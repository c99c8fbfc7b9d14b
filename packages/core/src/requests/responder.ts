// Requests of peers: served here, passed on, or answered as well as possible.

import {
  CacheMeshError,
  checkValue,
  type EntryBody,
  type FillBody,
  FLAG,
  type Frame,
  hashKey,
  KIND,
  splitKey,
} from '@cachemesh/protocol'
import type { Instant } from '../limits/instant.ts'
import type { Role } from '../placement/router.ts'
import type { Call, KeyRequest } from './call.ts'
import type { Calls } from './calls.ts'
import { executeFill, executeWrite, moving } from './execution.ts'
import { passLease, serveLoad } from './load-reply.ts'
import type { NodeParts } from './node-parts.ts'
import type { Outlet } from './outlet.ts'
import { Reads } from './reads.ts'
import { Reply } from './reply.ts'
import { checkSize } from './value-size.ts'

/** A request without a budget still ends. */
const BUDGET_MS = 5_000
/** What whoever answered says of its answer. */
const PASSED_FLAGS = FLAG.stoodIn | FLAG.absent | FLAG.stale

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

  /** A frame of kind get to release. Throws ERR_MALFORMED_FRAME when it is not understood. */
  request(from: Outlet, frame: Frame, at: Instant): void {
    const { key, hops, failed } = frame.target()
    const reply = new Reply(from, frame.requestId, this.#node.stamp)
    try {
      // Loads that have begun here may still end.
      if (this.#leaving && frame.kind !== KIND.fill && frame.kind !== KIND.release)
        throw new CacheMeshError('ERR_CLOSED', 'The node is leaving')
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
      if (isOfLoad(request)) {
        this.#load({ request, namespace, owned }, { from, hops, failed, budgetMs: frame.budgetMs, reply, at })
        return
      }
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

  #load({ request, namespace, owned }: OfLoad, { from, hops, failed, budgetMs, reply, at }: Arrival): void {
    const { fill, wish } = request
    if (fill) checkSize(this.#node.settings, namespace, fill.entry.value.length)
    const deadline = at.now + (budgetMs || BUDGET_MS)
    const peerLoad = wish && {
      asked: request,
      wish,
      peer: from.peer,
      relayed: hops.length > 0,
      deadline,
      reply,
    }
    const served = (as: Role, then: Instant): void => {
      try {
        if (peerLoad) serveLoad(this.#node, peerLoad, as, then)
        else if (as === 'last-resort') throw moving()
        else reply.done(executeFill(this.#node.flights, request, then), as === 'owner' ? 0 : FLAG.stoodIn)
      } catch (error) {
        reply.error(error)
      }
    }
    // What belongs to a lease was sent to its holder, whoever owns the key now.
    if (owned || (!wish && fill?.kind !== 'fed')) served('owner', at)
    else {
      const passing = { hops: [...hops, from.peer], failed, deadline, reply, served }
      this.#calls.dispatch(new PassedCall(request, passing), at)
    }
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

interface OfLoad {
  readonly request: KeyRequest
  readonly namespace: string
  readonly owned: boolean
}

interface Arrival {
  readonly from: Outlet
  readonly hops: readonly string[]
  readonly failed: readonly string[]
  readonly budgetMs: number
  readonly reply: Reply
  readonly at: Instant
}

function isOfLoad({ kind }: KeyRequest): boolean {
  return kind === 'load' || kind === 'fill' || kind === 'release'
}

function requestIn(frame: Frame, key: string, hash: number): KeyRequest {
  if (frame.kind === KIND.get) return { kind: 'get', key, hash }
  if (frame.kind === KIND.delete) return { kind: 'delete', key, hash }
  if (frame.kind === KIND.set) return { kind: 'set', key, hash, entry: ownEntry(frame) }
  if (frame.kind === KIND.load) return { kind: 'load', key, hash, wish: frame.wish() }
  if (frame.kind === KIND.fill) return { kind: 'fill', key, hash, fill: ownFill(frame) }
  if (frame.kind === KIND.release) return { kind: 'release', key, hash, release: frame.release() }
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
    const flags = FLAG.forwarded | (frame.flags & PASSED_FLAGS)
    if (frame.kind === KIND.hit) this.#reply.hit(frame.version(), frame.entry(), flags)
    else if (frame.kind === KIND.miss) this.#reply.miss(flags)
    else if (frame.kind === KIND.lease) passLease(this.#reply, frame, flags)
    else this.#reply.done({ version: frame.version(), existed: frame.existed }, flags)
  }

  waits(): void {
    this.#reply.waiting()
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

function ownFill(frame: Frame): FillBody {
  const fill = frame.fill()
  const { value, contentType, ttlMs } = fill.entry
  if (fill.kind !== 'absent') checkValue(value, contentType)
  return { ...fill, entry: { value: frame.owned ? value : new Uint8Array(value), contentType, ttlMs } }
}
