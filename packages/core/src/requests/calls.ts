// Requests that wait for another member. Each has one deadline and one answer. A member that is gone is passed
// over: the next of the preference list gets the request, within the same deadline. So it is for reads when a
// member is silent although asked. Writes wait for it as long as its link is up: it may only be busy, and when it
// goes on it would answer from a memory that the write never reached. Membership may take seconds to agree that
// somebody died; a request never waits for that.
//
// No clock and no timer here: the time comes in with each call, and `sweep` is to be called at `wakeAt`.

import { CacheMeshError, errorCode, type Frame, KIND } from '@cachemesh/protocol'
import { destroyedError } from '../configuration/operations.ts'
import type { Instant } from '../limits/instant.ts'
import { BOUNDS } from '../limits/limits.ts'
import { route } from '../placement/router.ts'
import { Acknowledgements } from './acknowledgements.ts'
import type { Call } from './call.ts'
import { asError, closed, late, unavailable } from './call-errors.ts'
import { ForgottenLoads } from './forgotten-loads.ts'
import { Hearing, PASSED_OVER_MS, SILENCE_MS, SWEEP_MS, silenceMs } from './hearing.ts'
import { Hedges, type ReadStats } from './hedges.ts'
import { Looks } from './looks.ts'
import type { NodeParts } from './node-parts.ts'
import { Openings } from './openings.ts'
import { type Outlet, type Outlets, overloaded, QUEUED_BYTES_MAX, sent, writerFor } from './outlet.ts'
import { Paces } from './pace.ts'
import { PendingCalls } from './pending-calls.ts'
import { Reach } from './reach.ts'
import { answers, bytesIn, writeRequest } from './request-frame.ts'
import { SpareRead } from './spare-read.ts'
import { isStraight, Straights } from './straights.ts'

/** A link to a member that may know what this node should is waited for so long, ms. */
const EXPECTED_MS = 1_000
const PENDING_MAX = 100_000
/** A timer may ring so much before its time, ms. */
const EARLY_MS = 2

export class Calls {
  readonly #node: NodeParts
  readonly #pending = new PendingCalls()
  readonly #forgotten: ForgottenLoads
  readonly #looks: Looks
  readonly #hearing: Hearing
  readonly #hedges: Hedges
  readonly #paces = new Paces()
  readonly #reach: Reach
  readonly #openings = new Openings()
  readonly #straights: Straights
  #wakeAt = Number.POSITIVE_INFINITY
  readonly acknowledgements: Acknowledgements
  #closed = false

  constructor(node: NodeParts, outlets: Outlets) {
    this.#node = node
    this.#pending = new PendingCalls(node.requestsAfter)
    this.#reach = new Reach({ placement: node.placement, outlets, openings: this.#openings })
    this.#hearing = new Hearing(outlets.links)
    this.#forgotten = new ForgottenLoads(node)
    this.acknowledgements = new Acknowledgements(node, (call, at) => this.dispatch(call, at))
    this.#looks = new Looks(node, this)
    this.#straights = new Straights({
      pending: this.#pending,
      outlet: peer => this.#reach.outlet(peer),
      dispatch: (call, at) => this.dispatch(call, at),
    })
    this.#hedges = new Hedges({
      node,
      outlets,
      pending: this.#pending,
      serve: (call, at) => call.served('owner', at, this.acknowledgements),
      dispatch: (call, at) => this.dispatch(call, at),
      paceOf: peer => this.#paces.of(peer),
      forget: (id, call) => this.#forget(id, call),
    })
  }

  get pending(): number {
    return this.#pending.size
  }

  /** When `sweep` is to be called, monotonic ms; Infinity while nothing waits. */
  get wakeAt(): number {
    return Math.min(this.#hedges.wakeAt, this.#settlesAt)
  }

  /** When somebody may have to be asked a second time, monotonic ms: sooner than anything else. */
  get hedgesAt(): number {
    return this.#hedges.wakeAt
  }

  get #settlesAt(): number {
    return Math.min(this.#wakeAt, this.#node.flights.wakeAt, this.acknowledgements.wakeAt)
  }

  /** To be called at `hedgesAt`, where no sweep is. */
  hedge(at: Instant): void {
    if (!this.#closed) this.#hedges.look(at)
  }

  /** Reads that others than the owners of their keys were asked for. */
  get readStats(): ReadStats {
    return this.#hedges.stats
  }

  /** Sends a call on its way, or has it served here; also the way back in after a member failed. */
  dispatch(call: Call, at: Instant): void {
    if (this.#closed) {
      call.failedWith(closed())
      return
    }
    try {
      this.#follow(call, at)
    } catch (error) {
      // Whatever goes wrong with one call is its own: the loops that dispatch go on with the others.
      call.failedWith(asError(error), at)
    }
  }

  #follow(call: Call, at: Instant): void {
    const { kind } = call.request
    if (call.only !== undefined) {
      if (call.only === this.#node.id) call.served('owner', at, this.acknowledgements)
      else if (call.failed.includes(call.only) || !this.#reach.writable(call.only))
        call.failedWith(unavailable(call.request, [call.only]), at)
      else this.#forward(call, call.only, at)
      return
    }
    const reachable = this.#reach.of(call, at.now)
    const reader = this.#reader(call)
    if (reader !== undefined && reachable(reader)) {
      this.#forward(call, reader, at)
      return
    }
    const way = route(this.#node.placement, call.request, call, reachable)
    if (call.parts !== undefined && (way.kind !== 'forward' || way.failed.length > 0)) {
      // Somebody else answers for each of its keys.
      for (const part of call.parts) this.dispatch(part, at)
    } else if (way.kind === 'forward') {
      call.failed = way.failed
      this.#send(call, way.to, at)
    } else if (way.kind === 'unavailable') {
      const { configuration } = this.#node
      // The data store still answers when nobody responsible for the key does.
      if (kind === 'load' && !configuration.destroyed) {
        call.served('last-resort', at, this.acknowledgements)
        return
      }
      call.failedWith(
        configuration.destroyed ? destroyedError(configuration) : unavailable(call.request, way.failed),
      )
    } else this.#looks.serve(call, way.kind, at)
  }

  /** To who answers for it, or keeps it and answers sooner. */
  #send(call: Call, to: string, at: Instant): void {
    const hedges = this.#hedges.applies(call)
    if (hedges && this.#hedges.divert(call, to, at)) return
    this.#forward(call, to, at)
    const { lastId } = this.#pending
    if (hedges && this.#pending.get(lastId) === call) this.#hedges.sent(lastId, at.now)
  }

  /** One of those who share the arc of a key, when this node asks for it itself and has met no trouble. */
  #reader({ request, hops, failed, parts }: Call): string | undefined {
    if (!this.#node.placement.shares || request.kind !== 'get' || parts !== undefined) return undefined
    if (hops.length > 0 || failed.length > 0) return undefined
    return this.#node.placement.reader(request.hash, request.key)
  }

  #forward(call: Call, to: string, at: Instant): void {
    const outlet = this.#reach.outlet(to)
    if (outlet === undefined) this.#wait(call, to, at)
    else this.#write(call, outlet, at)
  }

  /** A large mesh has no links between all members: the call goes when there is one. */
  #wait(call: Call, to: string, at: Instant): void {
    call.to = to
    const since = this.#hearing.listened
    call.sentAt = since
    const until = since + this.#patienceMs(call, at)
    if (this.#openings.count(to) >= PENDING_MAX) call.failedWith(overloaded(to), at)
    else this.#openings.add(to, call, { since, until })
    this.wait(at.now)
  }

  /** Whoever comes after the member that has no link needs time too: each as long as a silent one is waited for. */
  #patienceMs({ request, deadline, failed }: Call, { now }: Instant): number {
    const left = this.#node.placement.list(request).length - failed.length - 1
    return Math.max(SILENCE_MS, deadline - now - left * PASSED_OVER_MS)
  }

  linkUp(peer: string, at: Instant): void {
    for (const call of this.#openings.opened(peer)) this.dispatch(call, at)
  }

  /** The link to a member, if there is one. */
  outlet(peer: string): Outlet | undefined {
    return this.#reach.outlet(peer)
  }

  /** A request that this peer has passed on was answered to who asked first. It is told so by the next sweep. */
  settle(by: Outlet, id: number): void {
    this.#straights.settle(by, id)
  }

  /** A reply frame. One that nobody waits for any more is dropped. */
  reply(from: Outlet, frame: Frame, at: Instant): void {
    if (frame.kind === KIND.settled) {
      this.#node.answered(from.peer)
      this.#straights.settled(from, frame, this.#hearing.listened)
      this.wait(at.now)
      return
    }
    const call = this.#pending.get(frame.requestId)
    if (call === undefined) {
      const release = this.#forgotten.release(frame, at.now)
      if (release !== undefined) this.dispatch(release, at)
      return
    }
    if (call.to !== from.peer && !isStraight(frame, call)) return
    const pace = this.#pending.paceOf(frame.requestId)
    if (frame.kind === KIND.waiting && call.waits !== undefined) {
      // Nobody else has it either, and it will take its time.
      if (pace.measures(frame.requestId)) pace.unmeasure()
      this.#pending.watch(frame.requestId, 0)
      call.waits()
      return
    }
    if (pace.measures(frame.requestId)) {
      if (frame.kind === KIND.error) pace.unmeasure()
      else pace.took(at.now)
    }
    this.#pending.delete(frame.requestId)
    if (frame.digestPrefix !== this.#node.stamp.digestPrefix) this.#hedges.unsettled(at.now)
    this.#node.answered(from.peer)
    const { clock } = this.#node.store
    if (frame.clock > clock.last) clock.see(frame.clock, at.wall)
    try {
      this.#take(call, frame, at)
    } catch (error) {
      call.failedWith(asError(error), at)
    }
  }

  #take(call: Call, frame: Frame, at: Instant): void {
    if (frame.kind === KIND.error) {
      const { number, message } = frame.error()
      const code = errorCode(number)
      // A member on its way out answers no more: the next one takes over.
      if (code === 'ERR_INTERNAL' && !(call instanceof SpareRead)) this.#node.unanswered(call.to, at.now)
      if (
        code === 'ERR_CLOSED' ||
        (code === 'ERR_OVERLOADED' && this.#reach.refused(call, this.#paces.of(call.to), at.now))
      )
        this.#passOver(call, at)
      // A member of an older version: it answers no loads, and keeps nobody from loading.
      else if (code === 'ERR_MALFORMED_FRAME' && call.request.wish?.claim === false)
        call.served('last-resort', at, this.acknowledgements)
      else call.failedWith(new CacheMeshError(code, message), at)
    } else if (answers(frame, call.request)) {
      call.answered(frame, at)
    } else {
      const { kind } = call.request
      throw new CacheMeshError(
        'ERR_MALFORMED_FRAME',
        `A ${kind} was answered with a frame of kind ${frame.kind}`,
      )
    }
  }

  linkDown(peer: string, at: Instant): void {
    this.#hearing.forget(peer)
    this.#reach.forget(peer)
    this.#paces.forget(peer)
    this.#node.flights.peerDown(peer, at)
    this.#pending.forEach((call, id) => {
      if (call.to !== peer) return
      this.#pending.delete(id)
      this.#passOver(call, at)
    })
  }

  get closed(): boolean {
    return this.#closed
  }

  close(): void {
    this.#closed = true
    this.#wakeAt = Number.POSITIVE_INFINITY
    this.#node.flights.close()
    this.#pending.forEach((call, id) => {
      this.#pending.delete(id)
      call.failedWith(closed())
    })
    for (const call of [...this.#openings.close(), ...this.#looks.close()]) call.failedWith(closed())
    this.acknowledgements.close(closed())
  }

  /** Nobody waits for its answer any more. */
  #forget(id: number, call: Call): void {
    this.#pending.delete(id)
    this.#forgotten.add(id, call.request)
  }

  #write(call: Call, outlet: Outlet, at: Instant): void {
    const paceOf = this.#paces.of(outlet.peer)
    const isPassed = call.origin !== undefined
    const pace = isPassed ? this.#straights.pace : paceOf
    const isFull = pace.open >= BOUNDS.peerPendingMax || this.#pending.size >= PENDING_MAX
    if (isFull || outlet.queuedBytes > QUEUED_BYTES_MAX) {
      call.failedWith(overloaded(outlet.peer), at)
      return
    }
    const { now } = at
    const { kind } = call.request
    this.#straights.prepare(call, now)
    const id = this.#pending.nextId()
    const writer = writerFor(outlet, this.#node.stamp, bytesIn(call.request))
    writeRequest(writer, call, { id, budgetMs: Math.max(1, Math.ceil(call.deadline - now)) })
    call.to = outlet.peer
    call.sentAt = this.#hearing.listened
    this.#pending.add(id, call, pace)
    if (isPassed) paceOf.asked++
    else if (kind === 'get' || kind === 'load') pace.sent(id, now)
    this.#node.used(call.to)
    sent(outlet, writer, isPassed)
    this.wait(at.now)
  }

  /** There is something to sweep. */
  wait(now: number): void {
    if (this.#wakeAt !== Number.POSITIVE_INFINITY) return
    this.#hearing.begin(now)
    this.#wakeAt = now + SWEEP_MS
  }

  #passOver(call: Call, at: Instant): void {
    for (const one of call.parts ?? [call]) {
      one.failed = [...call.failed, call.to]
      // Its time may be over since the last sweep, and whoever got it now would look at that an interval later.
      if (at.now >= one.deadline) one.failedWith(late(one.request), at)
      else this.dispatch(one, at)
    }
  }

  /** Ends the calls whose deadline is over, and passes over the members that are silent. */
  sweep(at: Instant): void {
    if (this.#closed) return
    this.#hedges.look(at)
    // It may be for those alone that a timer rang.
    if (at.now < this.#settlesAt - EARLY_MS) return
    this.#straights.sweep(at, this.#hearing.listened)
    this.#node.flights.sweep(at)
    this.acknowledgements.sweep(at)
    if (this.#pending.size + this.acknowledgements.size === 0 && !this.#openings.any && !this.#looks.busy) {
      this.#wakeAt = Number.POSITIVE_INFINITY
      this.#hearing.forgetAll()
      return
    }
    const { now } = at
    this.#wakeAt = now + SWEEP_MS
    this.#hearing.listen(now)
    this.#pending.forEach((call, id) => {
      if (now >= call.deadline) {
        this.#forget(id, call)
        call.failedWith(late(call.request), at)
      } else if (this.#hearing.silentFor(call.to, call.sentAt) > silenceMs(call.request.kind)) {
        this.#gaveUp(call, id, now)
        this.#passOver(call, at)
      }
    })
    this.#sweepOpening(at)
    this.#looks.sweep(at)
  }

  #gaveUp(call: Call, id: number, now: number): void {
    const pace = this.#pending.paceOf(id)
    if (pace.measures(id)) pace.took(now)
    this.#forget(id, call)
    // Whoever was asked in place of another owes nothing.
    if (call instanceof SpareRead) return
    this.#node.unanswered(call.to, now)
    this.#reach.silent(call.to, now)
  }

  /** A link that takes longer than an answer may is not waited for. */
  #sweepOpening(at: Instant): void {
    const { replication } = this.#node
    const patienceMs = (peer: string): number => (replication.expects(peer) ? EXPECTED_MS : SILENCE_MS)
    for (const call of this.#openings.sweep({ now: at.now, listened: this.#hearing.listened, patienceMs }))
      this.#passOver(call, at)
  }
}
