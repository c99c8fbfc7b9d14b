// A key that this node answers for since a short while may still be at whoever answered for it before. As long as this
// node is cold it looks there, before it says that there is nothing, or writes over what it does not know. All requests
// for one key wait for one look. Nobody passes a look on, so it never makes a circle, and counts as no hop.

import { type CacheMeshError, type Frame, KIND, unpackCarried } from '@cachemesh/protocol'
import type { Instant } from '../limits/instant.ts'
import type { Role } from '../placement/router.ts'
import { entryFrom } from '../replication/carrying.ts'
import { type Acknowledging, type Call, type KeyRequest, NO_HOPS } from './call.ts'
import { HeldCalls } from './held-calls.ts'
import type { NodeParts } from './node-parts.ts'

/** Longer is waited for nobody: what is not known then is not certain. */
const LOOK_MS = 1_000
/** What is left of a call's time when its look has to be over, ms. */
const MARGIN_MS = 60

interface Dispatch {
  /** There is something to sweep. */
  wait(now: number): void
  readonly acknowledgements: Acknowledging
  dispatch(call: Call, at: Instant): void
}

type Then = (sure: boolean, at: Instant) => void

export class Looks {
  readonly #node: NodeParts
  readonly #calls: Dispatch
  readonly #open = new Map<string, Look>()
  readonly #held = new HeldCalls()

  constructor(node: NodeParts, calls: Dispatch) {
    this.#node = node
    this.#calls = calls
  }

  /** Has the call served here, if need be after a look; without certainty when it led to nothing. */
  serve(call: Call, as: Role, at: Instant): void {
    const { replication, store } = this.#node
    const { key, kind } = call.request
    if (replication.fence === 'waiting' && as !== 'last-resort') {
      this.#held.add(call, this.#node.placement.list(call.request).indexOf(this.#node.id))
      this.#calls.wait(at.now)
      return
    }
    if (replication.fence === 'unproven' && as === 'owner') {
      this.#serveUnproven(call, at)
      return
    }
    const isKnown = !replication.cold || as === 'last-resort' || kind === 'fill' || kind === 'release'
    const latest = isKnown ? undefined : store.latest(key)
    const isHere = isKnown || (latest !== undefined && !replication.doubts(key, latest.version))
    const sources = isHere ? undefined : replication.sources(call.request)
    if (sources === undefined) call.served(as, at, this.#calls.acknowledgements)
    else this.#look(call, { as, sources, at })
  }

  /** Calls wait here. */
  get busy(): boolean {
    return this.#held.any
  }

  sweep(at: Instant): void {
    if (!this.#held.any) return
    const { placement, replication } = this.#node
    const isOver = replication.fence !== 'waiting'
    // What has no time left asks nobody any more: this may be the last sweep before its deadline, or the first after it.
    for (const call of this.#held.hurried(at.now)) {
      const { hash, key } = call.request
      if (isOver && placement.owns(hash, key)) this.#calls.dispatch(call, at)
      else this.#serveUnproven(call, at)
    }
    if (isOver) for (const call of this.#held.release()) this.#calls.dispatch(call, at)
  }

  close(): readonly Call[] {
    return this.#held.release()
  }

  #serveUnproven(call: Call, at: Instant): void {
    try {
      call.served('stand-in', at, this.#calls.acknowledgements)
    } catch (error) {
      call.failedWith(error as CacheMeshError, at)
    }
  }

  #look(
    call: Call,
    { as, sources, at }: { readonly as: Role; readonly sources: readonly string[]; readonly at: Instant },
  ): void {
    const { key, hash } = call.request
    const then: Then = (sure, later) =>
      call.served(sure || as !== 'owner' ? as : 'stand-in', later, this.#calls.acknowledgements)
    const latest = call.deadline - MARGIN_MS
    const open = this.#open.get(key)
    if (open !== undefined && open.deadline <= latest) {
      open.waiting.push({ then, call })
      return
    }
    if (latest <= at.now) {
      then(false, at)
      return
    }
    const deadline = Math.min(at.now + LOOK_MS, latest)
    const look = new Look({ node: this.#node, request: { kind: 'look', key, hash }, deadline, sources })
    look.waiting.push({ then, call })
    look.again = later => this.#calls.dispatch(look, later)
    look.over = () => {
      if (this.#open.get(key) === look) this.#open.delete(key)
    }
    this.#open.set(key, look)
    this.#calls.dispatch(look, at)
  }
}

class Look implements Call {
  readonly request: KeyRequest
  readonly hops: readonly string[] = NO_HOPS
  readonly deadline: number
  failed: readonly string[] = NO_HOPS
  to = ''
  sentAt = 0
  only: string
  readonly waiting: { readonly then: Then; readonly call: Call }[] = []
  again: (at: Instant) => void = () => {}
  over: () => void = () => {}
  readonly #node: NodeParts
  readonly #left: string[]
  #sure = true

  constructor(parts: {
    readonly node: NodeParts
    readonly request: KeyRequest
    readonly deadline: number
    readonly sources: readonly string[]
  }) {
    const [first = '', ...left] = parts.sources
    this.request = parts.request
    this.deadline = parts.deadline
    this.only = first
    this.#node = parts.node
    this.#left = left
  }

  answered(frame: Frame, at: Instant): void {
    if (frame.kind === KIND.held) {
      const entry = entryFrom(unpackCarried(frame.carried()), at.now)
      this.#node.replication.take(this.to, this.request, { entry, at })
      this.#end(this.#sure, at)
    } else if (frame.stoodIn) this.#next(at)
    // It would know.
    else this.#end(true, at)
  }

  served(): void {
    // A node never looks at itself.
  }

  failedWith(error: CacheMeshError, at?: Instant): void {
    this.#sure = false
    if (at !== undefined) this.#next(at)
    else for (const { call } of this.waiting) call.failedWith(error)
  }

  #next(at: Instant): void {
    const next = at.now < this.deadline ? this.#left.shift() : undefined
    if (next === undefined) {
      this.#end(this.#sure, at)
      return
    }
    this.only = next
    this.failed = NO_HOPS
    this.again(at)
  }

  #end(sure: boolean, at: Instant): void {
    this.over()
    for (const { then, call } of this.waiting) {
      try {
        then(sure, at)
      } catch (error) {
        call.failedWith(error as CacheMeshError, at)
      }
    }
  }
}
