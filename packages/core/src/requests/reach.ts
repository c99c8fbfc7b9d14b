// Whom a call can go to: members with a link, or to which one is being opened. Reads pass over those that were silent,
// and for a while those that refused, as long as another one is left that keeps the entry.

import type { Placement } from '../placement/placement.ts'
import type { Call, KeyRequest } from './call.ts'
import type { Openings } from './openings.ts'
import type { Outlet, Outlets } from './outlet.ts'
import { Overloads } from './overloads.ts'
import type { Pace } from './pace.ts'
import { Silences } from './silences.ts'

export class Reach {
  readonly #placement: Placement
  readonly #outlets: Outlets
  readonly #openings: Openings
  readonly #silences = new Silences()
  readonly #overloads = new Overloads()
  /** Of the call that is being sent on its way, monotonic ms. */
  #now = 0
  #kind: KeyRequest['kind'] = 'get'
  /** By the ids of members as calls have them: those of links are other strings, and take long to compare with. */
  readonly #known = new Map<string, Outlet>()

  constructor({
    placement,
    outlets,
    openings,
  }: { readonly placement: Placement; readonly outlets: Outlets; readonly openings: Openings }) {
    this.#placement = placement
    this.#outlets = outlets
    this.#openings = openings
  }

  /** The way to a member. */
  outlet(id: string): Outlet | undefined {
    const known = this.#known.get(id)
    if (known !== undefined) return known
    const outlet = this.#outlets.link(id)
    if (outlet !== undefined) this.#known.set(id, outlet)
    return outlet
  }

  /** The members that a call can go to now. */
  of(call: Call, now: number): (id: string) => boolean {
    if (!isRead(call.request.kind)) return this.writable
    this.#now = now
    this.#kind = call.request.kind
    return this.#overloads.any ? this.#willing(call, now) : this.#readable
  }

  readonly writable = (id: string): boolean => this.outlet(id) !== undefined || this.#opens(id, 'set')

  readonly #readable = (id: string): boolean => {
    const outlet = this.outlet(id)
    if (outlet === undefined) return this.#opens(id, this.#kind)
    return !this.#silences.any || !this.#silences.has(id, outlet.receivedBytes, this.#now)
  }

  #opens(id: string, kind: KeyRequest['kind']): boolean {
    return !this.#openings.hasFailed(id, kind) && (this.#openings.has(id) || this.#outlets.open(id))
  }

  /** Who has no copy of the entry knows nothing: sooner one is asked that has refused. */
  #willing(call: Call, now: number): (id: string) => boolean {
    const passed: string[] = []
    const passedMax = this.#othersLeft(call)
    return id => {
      if (!this.#readable(id) || passed.includes(id)) return false
      if (passed.length >= passedMax || !this.#overloads.rests(id, now)) return true
      passed.push(id)
      return false
    }
  }

  /** How many more members keep the entry that a call is for. */
  #othersLeft({ request, failed }: Call): number {
    return this.#placement.replicasOf(request.key) - failed.length
  }

  /** A member was asked and nothing came from it. */
  silent(peer: string, now: number): void {
    this.#silences.found(peer, this.#outlets.link(peer)?.receivedBytes ?? 0, now)
  }

  /** A member refused a call, for it has too much to do. True when another may be asked, who keeps the entry too. */
  refused(call: Call, pace: Pace, now: number): boolean {
    this.#overloads.said(call.to, now)
    if (!isRead(call.request.kind) || call.only !== undefined) return false
    const calls = call.parts ?? [call]
    return calls.every(one => this.#othersLeft(one) > 0) && pace.mayRetry()
  }

  forget(peer: string): void {
    this.#known.delete(peer)
    this.#silences.forget(peer)
    this.#overloads.forget(peer)
  }
}

/** It changes nothing: somebody else may be asked as well while the first is silent. */
function isRead(kind: KeyRequest['kind']): boolean {
  return kind === 'get' || kind === 'load' || kind === 'getMany'
}
