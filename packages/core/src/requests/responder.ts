// Requests of peers: served here, passed on, or answered as well as possible.

import { CacheMeshError, FLAG, type Frame, hashKey, KIND, splitKey } from '@cachemesh/protocol'
import type { Instant } from '../limits/instant.ts'
import type { Target } from '../placement/placement.ts'
import type { Role } from '../placement/router.ts'
import type { WriteResult } from '../writes/result.ts'
import { BatchReply } from './batch-reply.ts'
import { type Call, type KeyRequest, NO_HOPS } from './call.ts'
import { Callers } from './callers.ts'
import type { Calls } from './calls.ts'
import { showHeld, takeCopy } from './copies-held.ts'
import { executeFill, executeWrite, moving } from './execution.ts'
import { serveLoad } from './load-reply.ts'
import type { NodeParts } from './node-parts.ts'
import type { Outlet } from './outlet.ts'
import { PassedCall, type Passing } from './passed-call.ts'
import { Reads } from './reads.ts'
import { type KeyReply, Reply } from './reply.ts'
import { isBatchFrame, requestIn, requestsIn } from './request-in.ts'
import { showSpare } from './spare-answer.ts'
import { StraightReply } from './straight-reply.ts'
import { checkSize } from './value-size.ts'

/** A request without a budget still ends. */
const BUDGET_MS = 5_000

/** Who asked, how the request came to it, and where the answer goes. */
interface Asked {
  readonly from: Outlet
  readonly reply: KeyReply
  readonly at: Instant
  readonly deadline: number
  readonly hops: readonly string[]
  readonly failed: readonly string[]
  /** The id of the request, when whoever owns its key may answer who asked. */
  readonly origin?: number | undefined
}

/** A request frame of one key, with the way back. */
interface Received {
  readonly from: Outlet
  readonly frame: Frame
  readonly reply: Reply
  readonly at: Instant
}

type PassedTarget = ReturnType<Frame['target']>

export class Responder {
  readonly #node: NodeParts
  readonly #calls: Calls
  readonly #reads: Reads
  readonly #callers = new Callers()
  #leaving = false

  constructor(node: NodeParts, calls: Calls) {
    this.#node = node
    this.#calls = calls
    this.#reads = new Reads(node)
  }

  /** From now on peers are sent to the next member. */
  leave(): void {
    this.#leaving = true
  }

  /**
   * A request frame. Throws ERR_MALFORMED_FRAME when its target cannot be read; what else is wrong with it, or is
   * unknown to this version, is answered.
   */
  request(from: Outlet, frame: Frame, at: Instant): void {
    const { clock } = this.#node.store
    // What is written here is newer than all that the sender has seen.
    if (frame.clock > clock.last) clock.see(frame.clock, at.wall)
    if (this.#node.pressure.refuses && REFUSABLE.has(frame.kind)) {
      this.#refuse(from, frame.requestId)
      return
    }
    if (isBatchFrame(frame)) {
      this.#batch(from, frame, { at, deadline: deadlineOf(frame, at) })
      return
    }
    const reply = new Reply(from, frame.requestId, this.#node.stamp)
    if (!SINGLE_KINDS.has(frame.kind)) {
      const message = `A request of kind ${frame.kind} is unknown to this version`
      reply.error(new CacheMeshError('ERR_MALFORMED_FRAME', message))
      return
    }
    const target = frame.target()
    try {
      if (frame.kind === KIND.get) this.#get(target, { from, frame, reply, at })
      else this.#single(target, { from, frame, reply, at })
    } catch (error) {
      reply.error(error)
    }
  }

  /** Nearly all requests are such. */
  #get({ key, hops, failed }: PassedTarget, { from, frame, reply, at }: Received): void {
    const { placement, replication } = this.#node
    const hash = hashKey(key)
    splitKey(key) // throws for what qualifies no key
    if (!replication.cold && !this.#leaving && placement.owns(hash, key)) {
      const direct = hops.length === 0 && failed.length === 0
      const shares =
        !direct && hops.length === 1 && failed.length === 0 && placement.isReader(from.peer, { key, hash })
      const lapsed = frame.leaseMs > 0
      const back = shares ? reply : this.#wayBack({ key, hash }, hops, { from, frame, reply, at })
      this.#reads.add({ key, hash, direct: direct || shares, shares, lapsed }, back, at)
      return
    }
    if (this.#leaving) throw leaving()
    if ((frame.flags & FLAG.spare) !== 0)
      showSpare(this.#node, { key, hash }, { digestPrefix: frame.digestPrefix, reply, at })
    else if (!this.#answeredShared({ key, hash }, reply, at))
      this.#pass(
        { kind: 'get', key, hash },
        {
          from,
          reply,
          at,
          deadline: deadlineOf(frame, at),
          hops,
          failed,
          origin: hops.length === 0 && (frame.flags & FLAG.straight) !== 0 ? frame.requestId : undefined,
        },
      )
  }

  /** Straight to who asked first, where it takes that and there is a link. */
  #wayBack({ hash }: Target, hops: readonly string[], { from, frame, reply, at }: Received): Reply {
    const [first] = hops
    if (first === undefined || hops.length > 1 || (frame.flags & FLAG.straight) === 0) return reply
    const asker = this.#calls.outlet(first)
    if (asker === undefined) return reply
    // Who has passed it on hears that it was answered.
    this.#calls.wait(at.now)
    const way = { by: from, id: frame.requestId, stamp: this.#node.stamp }
    return new StraightReply(way, { outlet: asker, origin: frame.origin(), hash }, this.#calls)
  }

  #single({ key, hops, failed }: PassedTarget, { from, frame, reply, at }: Received): void {
    const hash = hashKey(key)
    if (frame.kind === KIND.look) showHeld(this.#node, { key, hash }, { reply, at })
    else if (frame.kind === KIND.replicate)
      takeCopy(this.#node, { key, hash }, { from, frame, failed, reply, at })
    else {
      const request = requestIn(frame, key, hash)
      const direct = hops.length === 0 && failed.length === 0
      if (this.#isReady(request, at))
        this.#reads.add({ key, hash, direct, shares: false, lapsed: false }, reply, at)
      else this.#ask(request, { from, reply, at, deadline: deadlineOf(frame, at), hops, failed })
    }
  }

  /** Of an arc that this node shares, out of a copy that it holds. */
  #answeredShared({ key, hash }: Target, reply: Reply, at: Instant): boolean {
    const { placement, copying, id } = this.#node
    if (!placement.shares || !placement.isReader(id, { key, hash })) return false
    const copy = copying.held.read(key, at.now)
    if (copy === undefined) return false
    copying.shares(key, hash, { asker: reply.peer, now: at.now })
    // Flagged, with no lease: who asks may not keep it, and knows that it may be as old as a lease.
    reply.found(copy, at.now, FLAG.copied)
    return true
  }

  /** Before anything is done for it: that is what there is no time for. */
  #refuse(from: Outlet, requestId: number): void {
    this.#node.pressure.refuse()
    from.writer.error(requestId, 'ERR_OVERLOADED', 'The member has more to do than it gets done; try again')
    from.flushSoon()
  }

  /** A load of what is here and fresh is a read like any other. */
  #isReady({ key, hash, wish }: KeyRequest, at: Instant): boolean {
    const { replication, placement, flights } = this.#node
    if (wish === undefined || wish.claim || this.#leaving || replication.cold || !placement.owns(hash, key))
      return false
    return flights.seekFresh(key, hash, at) !== 0
  }

  /** The frames that arrived together were all handed over: what waits for others of its kind is answered. */
  through(at: Instant): void {
    this.#reads.answer(at)
  }

  /** Each key of a batch is a request of its own, but for the frame in which its answer leaves. */
  #batch(from: Outlet, frame: Frame, when: { readonly at: Instant; readonly deadline: number }): void {
    const requests = requestsIn(frame)
    if (this.#leaving) {
      // As a whole: then each of its keys goes to the next member.
      new Reply(from, frame.requestId, this.#node.stamp).error(leaving())
      return
    }
    const batch = new BatchReply(from, frame.requestId, this.#node.stamp)
    const replies = requests.map((_, place) => batch.place(place))
    // Requests of one peer take effect in the order in which they came.
    this.#reads.answer(when.at)
    const { replication, placement } = this.#node
    requests.forEach((request, place) => {
      const reply = replies[place] as KeyReply
      try {
        if (request.kind === 'get' && !replication.cold && placement.owns(request.hash, request.key))
          this.#read(request, { peer: from.peer, batch, reply, at: when.at })
        else this.#ask(request, { from, reply, ...when, hops: NO_HOPS, failed: NO_HOPS })
      } catch (error) {
        reply.error(error)
      }
    })
    batch.asked()
  }

  /** One of a batch, of a key that is owned here: counted, and granted a copy, as if it had come alone. */
  #read(
    { key, hash }: KeyRequest,
    {
      peer,
      batch,
      reply,
      at,
    }: {
      readonly peer: string
      readonly batch: BatchReply
      readonly reply: KeyReply
      readonly at: Instant
    },
  ): void {
    splitKey(key) // throws for what qualifies no key
    const entry = this.#node.store.read(key, at.now, hash)
    const copied = entry !== undefined && batch.isSmallWith(entry.value.length) ? entry : undefined
    const leaseMs = this.#node.copying.asked({ key, hash, peer, lapsed: false }, copied, at.now)
    reply.found(entry, at.now, 0, leaseMs)
  }

  #ask(request: KeyRequest, asked: Asked): void {
    const { kind, entry, alteration, fill } = request
    // Loads that have begun here may still end.
    if (this.#leaving && kind !== 'fill' && kind !== 'release' && kind !== 'invalidate') {
      throw leaving()
    }
    const { namespace } = splitKey(request.key)
    const { value } = entry ?? alteration?.entry ?? fill?.entry ?? NO_ENTRY
    checkSize(this.#node.settings, namespace, value.length)
    // Requests of one peer take effect in the order in which they came.
    this.#reads.answer(asked.at)
    if (kind === 'invalidate') {
      this.#node.copying.held.drop(request.key)
      asked.reply.done(DROPPED)
      return
    }
    // What belongs to a lease was sent to its holder, whoever owns the key now.
    const isForHolder = kind === 'release' || (kind === 'fill' && fill?.kind !== 'fed')
    // Most requests are for keys that are owned here: they need no call.
    const { replication, placement } = this.#node
    if (isForHolder || (!replication.cold && placement.owns(request.hash, request.key))) {
      const waits = kind !== 'get' && (request.wish !== undefined || !replication.plain)
      this.#answer(request, 'owner', { asked: waits ? this.#counted(asked) : asked, at: asked.at })
      return
    }
    this.#pass(request, asked)
  }

  /** To who answers for the key, if that is another member. */
  #pass(request: KeyRequest, asked: Asked): void {
    const { placement, copying, id } = this.#node
    const { from, failed, deadline, at } = asked
    const hops = asked.hops.length === 0 ? [from.peer] : [...asked.hops, from.peer]
    const counted = this.#counted(asked)
    const { reply } = counted
    const served: Call['served'] = (as, then) => this.#answer(request, as, { asked: counted, at: then })
    const keeps = placement.shares && request.kind === 'get' && placement.isReader(id, request)
    const askedAt = keeps ? at.now : 0
    const keep: Passing['keep'] = keeps
      ? (entry, then) => copying.held.keep(request.key, { ...entry, askedAt }, then.now)
      : undefined
    // Who keeps a copy of the answer has to see it.
    const origin = keeps ? undefined : asked.origin
    this.#calls.dispatch(new PassedCall(request, { hops, failed, deadline, reply, served, keep, origin }), at)
  }

  /** One of many that wait here for the same peer. Throws ERR_OVERLOADED. */
  #counted(asked: Asked): Asked {
    const { from, at, deadline, hops, failed, origin } = asked
    return { from, at, deadline, hops, failed, origin, reply: this.#callers.begin(from.peer, asked.reply) }
  }

  #answer(request: KeyRequest, as: Role, served: { readonly asked: Asked; readonly at: Instant }): void {
    try {
      this.#serve(request, as, served)
    } catch (error) {
      served.asked.reply.error(error)
    }
  }

  #serve(
    request: KeyRequest,
    as: Role,
    { asked, at }: { readonly asked: Asked; readonly at: Instant },
  ): void {
    const { reply, from, deadline, hops } = asked
    const flags = as === 'owner' ? 0 : FLAG.stoodIn
    const { kind, wish } = request
    const write = { request, as, deadline, ...(hops.length === 0 && { writer: from.peer }) }
    const refuse = (error: unknown): void => reply.error(error)
    if (kind === 'get') {
      reply.found(this.#node.store.read(request.key, at.now), at.now, flags)
    } else if (wish) {
      const load = { asked: request, wish, peer: from.peer, relayed: hops.length > 0, deadline, reply }
      serveLoad(this.#node, load, as, at)
    } else if (as === 'last-resort') throw moving()
    else if (kind === 'fill' || kind === 'release') {
      const written = executeFill(this.#node.flights, request, at)
      const acknowledge = (): void => reply.done(written, flags)
      this.#calls.acknowledgements.after({ ...write, written }, at, { acknowledge, refuse })
    } else {
      const written = kept(executeWrite(this.#node, request, at), this.#node.replication.plain)
      const acknowledge = (then: Instant): void => reply.wrote(request, written, { at: then, flags })
      this.#calls.acknowledgements.after({ ...write, written }, at, { acknowledge, refuse })
    }
  }
}

/** The answer may have to wait, and the memory of the entry may not last as long. */
function kept(written: WriteResult, plain: boolean): WriteResult {
  const { entry } = written
  if (plain || entry === undefined) return written
  return { ...written, entry: { ...entry, value: new Uint8Array(entry.value) } }
}

/** Until when the sender of a request waits, monotonic ms. */
function deadlineOf({ budgetMs }: Frame, { now }: Instant): number {
  return now + (budgetMs || BUDGET_MS)
}

function leaving(): CacheMeshError {
  return new CacheMeshError('ERR_CLOSED', 'The node is leaving')
}

const DROPPED = { version: 0, existed: false }
const NO_ENTRY = { value: new Uint8Array(0) }

/** What others began may end here, and what they wrote may be kept. */
const REFUSABLE: ReadonlySet<number> = new Set([
  KIND.get,
  KIND.set,
  KIND.delete,
  KIND.alter,
  KIND.load,
  KIND.getMany,
  KIND.setMany,
  KIND.deleteMany,
])

const SINGLE_KINDS: ReadonlySet<number> = new Set([
  KIND.get,
  KIND.set,
  KIND.delete,
  KIND.alter,
  KIND.load,
  KIND.fill,
  KIND.release,
  KIND.invalidate,
  KIND.look,
  KIND.replicate,
])
