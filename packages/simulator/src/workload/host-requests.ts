// What the runtime of a node does for requests, for one process of a run: frames come in, what is written leaves at
// the end of the turn, and a timer rings when the calls want to be swept. Nothing here knows what is right.

import {
  type Call,
  Calls,
  dispatchTogether,
  type Found,
  foundCopy,
  type Instant,
  type KeyRequest,
  Lookup,
  type NodeParts,
  type Outlets,
  OwnWrite,
  Responder,
  type WriteResult,
} from '@cachemesh/core'
import { alterationOf, type CacheMeshError, type Frame, KIND } from '@cachemesh/protocol'
import type { Host, HostRequests } from '../world/host.ts'
import type { HerdPlan } from './herd-plan.ts'
import type { Operation, Result } from './operation.ts'
import { SimulatedOutlet } from './outlet.ts'
import { ProcessLoads, type StartedLoad } from './process-loads.ts'
import { CONTENT_TYPE, isValueOf, valueFor, writeIn } from './values.ts'

/** Makes the parts of a process that handle requests: the real ones, or in a test some that lack something. */
export type CreateRequests = (node: NodeParts, outlets: Outlets) => { calls: Calls; responder: Responder }

export const realRequests: CreateRequests = (node, outlets) => {
  const calls = new Calls(node, outlets)
  return { calls, responder: new Responder(node, calls) }
}

/** What a process needs of the world for its requests. */
export interface RequestsWorld {
  readonly create: CreateRequests
  now(): number
  indexOf(id: string): number
  /** A link to this member is to be made. */
  want(peer: string): void
  /** Puts bytes onto the link to a host. */
  deliver(to: number, bytes: Uint8Array): void
  /** A timer of this process rings after a time. */
  ring(afterMs: number, happen: () => void): void
  settled(operation: Operation, result: Result): void
  /** A load of this key begins in this process. */
  loads(key: string): StartedLoad
  readonly herds: HerdPlan | undefined
}

export class ProcessRequests implements HostRequests {
  readonly #host: Host
  readonly #world: RequestsWorld
  readonly #outlets = new Map<string, SimulatedOutlet>()
  readonly #waiting = new Set<SimulatedOutlet>()
  readonly #calls: Calls
  readonly #responder: Responder
  readonly #loads: ProcessLoads | undefined
  /** Monotonic ms for which the timer is set. */
  #ringsAt = Number.POSITIVE_INFINITY

  constructor(host: Host, world: RequestsWorld) {
    this.#host = host
    this.#world = world
    const outlets = {
      links: this.#outlets,
      link: (peer: string) => this.#outlets.get(peer),
      open: (peer: string) => this.#open(peer),
    }
    const { calls, responder } = world.create(host.core, outlets)
    this.#calls = calls
    this.#responder = responder
    this.#loads = world.herds && this.#loading(world.herds)
  }

  #loading(plan: HerdPlan): ProcessLoads {
    return new ProcessLoads({
      core: this.#host.core,
      calls: this.#calls,
      plan,
      at: () => this.#at,
      started: key => this.#world.loads(key),
      ring: (afterMs, happen) => {
        this.#world.ring(afterMs, () => {
          happen()
          this.#turnEnds()
        })
      },
      settled: (operation, result) => this.#world.settled(operation, result),
      read: (operation, found, certain) => read(operation)(found, certain),
    })
  }

  #open(peer: string): boolean {
    const { configuration, neighbours, replication } = this.#host.core
    if (configuration.member(peer)?.state !== 'active') return false
    // A link to a neighbour is on its way without being asked for. Only who has just come waits for it.
    if (neighbours.has(peer)) return replication.expects(peer)
    this.#world.want(peer)
    return true
  }

  linkUp(peer: string): void {
    const index = this.#world.indexOf(peer)
    const outlet: SimulatedOutlet = new SimulatedOutlet({ id: peer, index }, this.#host.core.stamp, {
      deliver: bytes => this.#world.deliver(index, bytes),
      wait: waiting => this.#waiting.add(waiting),
    })
    this.#outlets.set(peer, outlet)
    this.#calls.linkUp(peer, this.#at)
    this.#turnEnds()
  }

  linkDown(peer: string): void {
    this.#outlets.delete(peer)
    this.#calls.linkDown(peer, this.#at)
    this.#turnEnds()
  }

  /** Bytes have come from a peer: a sign of life, whatever they say. */
  received(from: string, bytes: number): void {
    const outlet = this.#outlets.get(from)
    if (outlet !== undefined) outlet.receivedBytes += bytes
  }

  frame(from: string, frame: Frame): void {
    const outlet = this.#outlets.get(from)
    if (outlet === undefined) return
    if (frame.kind < KIND.hit) this.#responder.request(outlet, frame, this.#at)
    else this.#calls.reply(outlet, frame, this.#at)
  }

  through(): void {
    this.#responder.through(this.#at)
    this.#turnEnds()
  }

  leave(): void {
    this.#responder.leave()
  }

  ask(operation: Operation): void {
    if (operation.kind === 'load') this.#loads?.ask(operation)
    else if (!this.#answeredByCopy(operation)) this.#calls.dispatch(this.#callFor(operation), this.#at)
    this.#turnEnds()
  }

  /** One call of a program for several keys. */
  askTogether(operations: readonly Operation[]): void {
    const calls = operations.map(operation => this.#callFor(operation))
    dispatchTogether(calls, { by: this.#calls, node: this.#host.core, at: this.#at })
    this.#turnEnds()
  }

  #answeredByCopy(operation: Operation): boolean {
    const { key, hash, kind } = operation
    const { core } = this.#host
    if (kind !== 'get') return false
    core.copying.asks(key, hash, this.#at)
    const copy = core.placement.owns(hash, key) ? undefined : foundCopy(core, key, this.#at.now)
    if (copy !== undefined) this.#world.settled(operation, read(operation)(copy, true))
    return copy !== undefined
  }

  #callFor(operation: Operation): Call {
    const { key, hash } = operation
    const node = this.#host.core
    const askedAt = this.#at.now
    const deadline = askedAt + operation.deadline - operation.startedAt
    const reject = (error: unknown): void => this.#world.settled(operation, failed(error as CacheMeshError))
    if (operation.kind === 'get') {
      const resolve = (result: Result): void => this.#world.settled(operation, result)
      return new Lookup({ node, key, hash, askedAt, deadline, take: read(operation), resolve, reject })
    }
    const resolve = (result: WriteResult, certain: boolean): void =>
      this.#world.settled(operation, written(result, certain))
    return new OwnWrite({ node, request: requestOf(operation), deadline, resolve, reject })
  }

  get #at(): Instant {
    return this.#host.instant(this.#world.now())
  }

  #turnEnds(): void {
    for (const outlet of this.#waiting) outlet.flush()
    this.#waiting.clear()
    this.#setTimer()
  }

  #setTimer(): void {
    const { wakeAt } = this.#calls
    if (wakeAt >= this.#ringsAt || wakeAt === Number.POSITIVE_INFINITY) return
    this.#ringsAt = wakeAt
    this.#world.ring(wakeAt - this.#at.now, () => {
      this.#ringsAt = Number.POSITIVE_INFINITY
      this.#calls.sweep(this.#at)
      this.#turnEnds()
    })
  }
}

function requestOf(operation: Operation): KeyRequest {
  const { kind, key, hash, expected, slot } = operation
  if (kind === 'delete') return { kind, key, hash }
  if (kind === 'increment') {
    return { kind: 'alter', key, hash, alteration: alterationOf('increment', { by: 1n, initial: 1n }) }
  }
  const entry = { value: valueFor(operation), contentType: CONTENT_TYPE, ttlMs: 0 }
  if (kind === 'set') return { kind, key, hash, entry }
  const said = { entry, ...(expected !== undefined && { expected }), tags: slot === undefined ? [] : [slot] }
  return { kind: 'alter', key, hash, alteration: alterationOf('set', said) }
}

function written({ outcome, version, count }: WriteResult, certain: boolean): Result {
  if (outcome !== 'stored') return { kind: 'refused', certain }
  if (count !== undefined) return { kind: 'counted', count: Number(count), version, certain }
  return { kind: 'done', version, certain }
}

function read({ key }: Operation): (found: Found | undefined, certain: boolean) => Result {
  return (found, certain) => {
    if (found === undefined) return { kind: 'miss', certain }
    const { value, contentType, version } = found
    const write = writeIn(value)
    const whole = contentType === CONTENT_TYPE && isValueOf(write, key, value)
    const copied = found.served === 'copy'
    return { kind: 'hit', write, whole, bytes: value.length, version, certain, copied }
  }
}

function failed({ code, message }: CacheMeshError): Result {
  return { kind: 'failed', code, message }
}
