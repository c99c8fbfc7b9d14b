// Requests of peers: served here, passed on, or answered as well as possible.

import type { NodeCore } from '@cachemesh/core'
import type { Link } from '@cachemesh/libp2p'
import {
  CacheMeshError,
  checkValue,
  type EntryBody,
  FLAG,
  type Frame,
  hashKey,
  KIND,
  type Stamp,
  splitKey,
} from '@cachemesh/protocol'
import { monotonic } from '../time.ts'
import type { Call, KeyRequest } from './call.ts'
import type { Calls } from './calls.ts'
import { executeDelete, executeSet, remainingTtl } from './execution.ts'
import { overloaded, QUEUED_BYTES_MAX, sent, writerFor } from './outlet.ts'
import { moving } from './requests.ts'
import { checkSize } from './value-size.ts'

/** A request without a budget still ends. */
const BUDGET_MS = 5_000

export class Responder {
  readonly #core: NodeCore
  readonly #calls: Calls
  #leaving = false

  constructor(core: NodeCore, calls: Calls) {
    this.#core = core
    this.#calls = calls
  }

  /** From now on peers are sent to the next member. */
  leave(): void {
    this.#leaving = true
  }

  /** A frame of kind get, set or delete. Throws ERR_MALFORMED_FRAME when it is not understood. */
  request(link: Link, frame: Frame): void {
    const { key, hops, failed } = frame.target()
    const reply = new Reply(link, frame.requestId, this.#core.stamp)
    try {
      if (this.#leaving) throw new CacheMeshError('ERR_CLOSED', 'The node is leaving')
      const { namespace } = splitKey(key) // throws for what qualifies no key
      const request = requestIn(frame, key)
      if (request.entry) checkSize(this.#core.settings, namespace, request.entry.value.length)
      // Most requests are for keys that are owned here: they need no call.
      if (this.#core.placement.owns(request.hash)) {
        this.#serve(request, true, reply)
        return
      }
      const now = monotonic()
      const deadline = now + (frame.budgetMs || BUDGET_MS)
      const served = (responsible: boolean) => this.#serve(request, responsible, reply)
      const passing = { hops: [...hops, link.peer], failed, deadline, reply, served }
      this.#calls.dispatch(new PassedCall(request, passing), now)
    } catch (error) {
      reply.error(error)
    }
  }

  #serve(request: KeyRequest, responsible: boolean, reply: Reply): void {
    try {
      if (request.kind === 'get') this.#read(request.key, reply)
      else if (!responsible) throw moving()
      else if (request.entry) reply.done(executeSet(this.#core.store, request.key, request.entry))
      else reply.done(executeDelete(this.#core.store, request.key))
    } catch (error) {
      reply.error(error)
    }
  }

  #read(key: string, reply: Reply): void {
    const now = monotonic()
    const entry = this.#core.store.read(key, now)
    if (entry === undefined) {
      reply.miss()
      return
    }
    const { value, contentType, version } = entry
    reply.hit(version, { value, contentType, ttlMs: remainingTtl(entry, now) })
  }
}

function requestIn(frame: Frame, key: string): KeyRequest {
  const hash = hashKey(key)
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
  served(responsible: boolean): void
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
  readonly served: (responsible: boolean) => void

  constructor(request: KeyRequest, passing: Passing) {
    this.request = request
    this.hops = passing.hops
    this.failed = passing.failed
    this.deadline = passing.deadline
    this.#reply = passing.reply
    this.served = passing.served
  }

  answered(frame: Frame): void {
    if (frame.kind === KIND.hit) this.#reply.hit(frame.version(), frame.entry(), FLAG.forwarded)
    else if (frame.kind === KIND.miss) this.#reply.miss(FLAG.forwarded)
    else this.#reply.done({ version: frame.version(), existed: frame.existed }, FLAG.forwarded)
  }

  failedWith(error: CacheMeshError): void {
    this.#reply.error(error)
  }
}

/** The way back to the peer that asked. */
class Reply {
  readonly #link: Link
  readonly #id: number
  readonly #stamp: Stamp

  constructor(link: Link, id: number, stamp: Stamp) {
    this.#link = link
    this.#id = id
    this.#stamp = stamp
  }

  hit(version: number, entry: EntryBody, flags = 0): void {
    // Many large values, asked for at once, would fill the memory of this node while they wait to leave it.
    if (this.#link.queuedBytes > QUEUED_BYTES_MAX) throw overloaded(this.#link.peer)
    const writer = writerFor(this.#link, this.#stamp, entry.value.length)
    writer.hit(this.#id, version, entry, flags)
    sent(this.#link, writer)
  }

  miss(flags = 0): void {
    this.#link.writer.miss(this.#id, flags)
    this.#link.flushSoon()
  }

  done(written: { readonly version: number; readonly existed: boolean }, flags = 0): void {
    this.#link.writer.done(this.#id, written.version, written.existed, flags)
    this.#link.flushSoon()
  }

  error(error: unknown): void {
    const known = error instanceof CacheMeshError
    const message = error instanceof Error ? error.message : String(error)
    this.#link.writer.error(this.#id, known ? error.code : 'ERR_INTERNAL', message)
    this.#link.flushSoon()
  }
}

/** The entry of a set frame in memory of its own, checked before anything keeps or decodes it. */
function ownEntry(frame: Frame): EntryBody {
  const { value, contentType, ttlMs } = frame.entry()
  checkValue(value, contentType)
  return { value: frame.owned ? value : new Uint8Array(value), contentType, ttlMs }
}
