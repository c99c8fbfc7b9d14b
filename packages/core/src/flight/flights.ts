// One load per key. Whoever answers for a key holds the flight: of all who miss it one gets the lease of the load, the
// others wait here, each with its own deadline, or take the stale value. A lease whose holder is gone, gives up or takes
// too long passes to the next who waits. Safety does not lie in the lease but in its token, a version of this node's
// clock: a fill is kept only when the key was not written since (Store.unwritten).
//
// Requests that are on their way to another member are never joined: two nodes that each take the other for the owner
// would wait for each other (decision 0029), and their answer may be older than the read that joins.
//
// No clock and no timer here: the time comes in with each call, and `sweep` is to be called at `wakeAt`.

import { CacheMeshError, type FillBody, splitKey } from '@cachemesh/protocol'
import type { Random } from '../chance/random.ts'
import type { Instant } from '../limits/instant.ts'
import { BOUNDS, TIMES } from '../limits/limits.ts'
import type { Placement } from '../placement/placement.ts'
import type { Role } from '../placement/router.ts'
import type { Entry } from '../store/entry.ts'
import type { Store, Written } from '../store/store.ts'
import { Absences } from './absences.ts'
import { Claims } from './claims.ts'
import { isEarly, isNearItsEnd } from './early.ts'
import { isErased } from './erased.ts'
import { Failures, loadFailed } from './failures.ts'
import { type Asked, type Crowd, Flight } from './flight.ts'
import { entryOfFill } from './kept.ts'
import { Orders } from './orders.ts'
import type { Lease, Waiter } from './waiter.ts'

/** Programs of this process that load for whoever asks: the runtime knows them. */
export interface OwnLoaders {
  /** How long a load of this key may take, ms; 0: there is no loader for it here. */
  leaseMs(key: string): number
  /** Begins a load, which ends in `fill` or `release`, and never before this has returned. */
  load(key: string, lease: Lease): void
}

export interface FlightsParts {
  readonly store: Store
  readonly placement: Placement
  readonly random: Random
}

export interface FlightStats {
  /** Loads that are under way for keys that this node answers for. */
  readonly loading: number
  readonly waiting: number
  /** Leases that this node has granted in its life. */
  readonly leases: number
  /** Fills that came too late. */
  readonly refused: number
}

export class Flights {
  /** None at first. */
  loaders: OwnLoaders | undefined
  readonly #store: Store
  readonly #placement: Placement
  readonly #random: Random
  readonly #flights = new Map<string, Flight>()
  readonly #absences: Absences
  readonly #claims: Claims
  readonly #failures = new Failures()
  readonly #orders = new Orders()
  readonly #crowd: Crowd = { size: 0 }
  #leases = 0
  #refused = 0
  #wakeAt = Number.POSITIVE_INFINITY
  #saidAt = 0

  constructor({ store, placement, random }: FlightsParts) {
    this.#store = store
    this.#placement = placement
    this.#random = random
    this.#absences = new Absences(store)
    this.#claims = new Claims(store)
  }

  get stats(): FlightStats {
    const loading = this.#flights.size
    return { loading, waiting: this.#crowd.size, leases: this.#leases, refused: this.#refused }
  }

  /** When `sweep` is to be called, monotonic ms; Infinity while nothing is loaded. */
  get wakeAt(): number {
    return this.#wakeAt
  }

  /** Address of what can be answered at once, without a word about loading (`Store.seek`); 0: it has to be asked for. */
  seekFresh(key: string, hash: number, at: Instant): number {
    const { blocks, owned } = this.#store
    const address = this.#store.seek(key, hash, at)
    if (address === 0) return 0
    const staleAt = blocks.staleAtOf(address)
    const cost = blocks.costOf(address)
    const expiresAt = owned.expiresAt(address)
    // Most live for ever, or took no time.
    if (staleAt === Number.POSITIVE_INFINITY && (cost === 0 || expiresAt === Number.POSITIVE_INFINITY))
      return address
    const { now } = at
    return staleAt <= now || isNearItsEnd({ staleAt, cost, expiresAt }, now) ? 0 : address
  }

  /** Somebody wants the value of a key that this node answers for, or has to answer for. */
  ask(asked: Asked, waiter: Waiter, { as, at }: { readonly as: Role; readonly at: Instant }): void {
    const { key } = asked
    const { now } = at
    const entry = this.#store.read(key, now)
    if (entry !== undefined && entry.staleAt > now && !isEarly(entry, now, this.#random)) {
      waiter.hit(entry, false, now)
      return
    }
    if (entry === undefined && this.#absences.has(asked, now)) {
      waiter.miss(true)
      return
    }
    const flight = this.#current(key, at)
    if (flight === undefined) this.#begin(asked, waiter, { as, at, entry })
    else {
      if (as === 'owner') flight.as = as
      this.#join(flight, waiter, { as, at, entry })
    }
  }

  /** Somebody is about to write the data store: the lease says since when the key must not be written. */
  claim({ key }: Asked, leaseMs: number, at: Instant): Lease {
    const token = this.#store.clock.next(at.wall)
    this.#claims.add(key, token, leaseMs, at.now)
    this.#sweepFrom(at.now)
    return { token, leaseMs }
  }

  /** Takes what was loaded, written or fed. Throws ERR_LEASE_VOID. `fill.entry.value` must be memory of its own. */
  fill(asked: Asked, fill: FillBody, at: Instant): Written {
    if (fill.kind === 'fed') return this.#feed(asked, fill, at)
    if (fill.kind === 'written') return this.#written(asked, fill, at)
    const { key } = asked
    const flight = this.#current(key, at)
    if (flight === undefined || flight.token !== fill.token) {
      this.#refused++
      throw tooLate(key)
    }
    this.#failures.forget(key)
    this.#end(flight)
    return fill.kind === 'absent' ? this.#nothing(flight, fill, at) : this.#loaded(flight, fill, at)
  }

  /** Those who wait for a load of this node's own program get its value, which is too large to be kept. */
  share({ key }: Asked, fill: FillBody, { now }: Instant): void {
    const flight = this.#flights.get(key)
    if (flight?.token !== fill.token) return
    this.#end(flight)
    flight.tell(waiter => waiter.hit(entryOfFill(fill, fill.token, { as: 'last-resort', now }), false, now))
  }

  /** The holder of a lease does not load any more. With ERR_LOADER all who wait hear why. */
  release({ key }: Asked, token: number, error: CacheMeshError, at: Instant): void {
    const flight = this.#current(key, at)
    if (flight === undefined || flight.token !== token) return
    if (error.code === 'ERR_LOADER') this.#fail(flight, error, at.now)
    else this.#pass(flight, at)
  }

  /** Nobody is at the other end of this link any more. */
  peerDown(peer: string, at: Instant): void {
    for (const flight of [...this.#flights.values()]) {
      flight.drop(peer)
      if (flight.holder === peer) this.#pass(flight, at)
    }
  }

  /** Tells those whose time is over, passes on leases, and lets those who wait know that this node lives. */
  sweep(at: Instant): void {
    const { now } = at
    if (now < this.#wakeAt) return
    this.#claims.sweep(now)
    for (const key of [...this.#flights.keys()]) {
      const flight = this.#current(key, at)
      if (flight === undefined) continue
      flight.sweep(now, this.#store.read(key, now))
      if (now >= flight.until) this.#pass(flight, at)
    }
    if (now - this.#saidAt >= TIMES.waitingMs) this.#sayWaiting(now)
    const isIdle = this.#flights.size === 0 && this.#claims.size === 0
    this.#wakeAt = isIdle ? Number.POSITIVE_INFINITY : now + TIMES.flightSweepMs
  }

  close(): void {
    const closed = new CacheMeshError('ERR_CLOSED', 'The node is closed')
    for (const flight of [...this.#flights.values()]) {
      this.#end(flight)
      flight.tell(waiter => waiter.failedWith(closed))
    }
    this.#wakeAt = Number.POSITIVE_INFINITY
  }

  /** The flight of a key. One that became void, because the key was written, is over, or begins again. */
  #current(key: string, at: Instant): Flight | undefined {
    const flight = this.#flights.get(key)
    if (flight === undefined || this.#holds(flight)) return flight
    const entry = this.#store.read(key, at.now)
    if (entry !== undefined) {
      this.#end(flight)
      flight.tell(waiter => waiter.hit(entry, false, at.now))
      return undefined
    }
    this.#lend(flight, at)
    return this.#flights.get(key)
  }

  #holds(flight: Flight): boolean {
    const since = this.#store.unwritten.get(flight.key)
    return since !== undefined && since <= flight.token && !isErased(this.#store, flight, flight.token)
  }

  #begin(asked: Asked, waiter: Waiter, { as, at, entry }: Situation): void {
    const { key } = asked
    const { now } = at
    const failure = this.#failures.at(key, now)
    if (failure !== undefined || this.#flights.size >= BOUNDS.loadsMax) {
      if (entry !== undefined) waiter.hit(entry, entry.staleAt <= now, now)
      else waiter.failedWith(failure ?? overloaded())
      return
    }
    const flight = new Flight(asked, as, this.#crowd)
    this.#flights.set(key, flight)
    this.#sweepFrom(now)
    if (this.#ownMs(key) === 0) {
      // It gets the lease, or hears that nobody can load.
      flight.add(waiter)
      this.#lend(flight, at)
    } else {
      this.#lend(flight, at)
      this.#join(flight, waiter, { as, at, entry })
    }
  }

  #join(flight: Flight, waiter: Waiter, { at: { now }, entry }: Situation): void {
    if (entry !== undefined) {
      const stale = entry.staleAt <= now
      if (!stale || waiter.staleAfterMs === 0) {
        waiter.hit(entry, stale, now)
        return
      }
      waiter.staleAt = now + waiter.staleAfterMs
    }
    if (this.#crowd.size >= BOUNDS.waitersMax) waiter.failedWith(overloaded())
    else {
      flight.add(waiter)
      waiter.waits()
    }
  }

  /** Grants the lease of a flight: to a program of this process, else to the first who waits and can load. */
  #lend(flight: Flight, at: Instant): void {
    const { key } = flight
    const { unwritten, clock } = this.#store
    const token = clock.next(at.wall)
    const since = unwritten.get(key)
    if (since === undefined || isErased(this.#store, flight, since)) unwritten.set(key, token)
    const ownMs = this.#ownMs(key)
    const loader = ownMs > 0 ? undefined : flight.takeLoader()
    const stale = this.#store.read(key, at.now)
    if (ownMs === 0 && loader === undefined) {
      this.#end(flight)
      flight.tell(waiter => {
        if (stale === undefined) waiter.miss(false)
        else waiter.hit(stale, stale.staleAt <= at.now, at.now)
      })
      return
    }
    const lease = { token, leaseMs: Math.min(loader?.leaseMs ?? ownMs, TIMES.leaseMaxMs) }
    flight.token = token
    flight.until = at.now + lease.leaseMs
    flight.holder = loader?.peer ?? ''
    this.#leases++
    if (loader === undefined) this.loaders?.load(key, lease)
    else loader.leased(lease, stale, at.now)
  }

  #ownMs(key: string): number {
    return this.loaders?.leaseMs(key) ?? 0
  }

  /** The lease ended without a word of the data store. A store that hangs is not asked by one after another for ever. */
  #pass(flight: Flight, at: Instant): void {
    if (!flight.isAwaited) this.#end(flight)
    else if (++flight.lapsed < BOUNDS.lapsesMax) this.#lend(flight, at)
    else this.#fail(flight, loadFailed(`${BOUNDS.lapsesMax} loads in a row did not end in time`), at.now)
  }

  #fail(flight: Flight, error: CacheMeshError, now: number): void {
    this.#end(flight)
    this.#failures.add(flight.key, error, now)
    const stale = this.#store.read(flight.key, now)
    flight.tell(waiter => {
      if (stale === undefined) waiter.failedWith(error)
      else waiter.hit(stale, stale.staleAt <= now, now)
    })
  }

  #end(flight: Flight): void {
    this.#flights.delete(flight.key)
    if (!this.#claims.has(flight.key)) this.#store.unwritten.delete(flight.key)
  }

  #loaded(flight: Flight, fill: FillBody, at: Instant): Written {
    const { key, hash } = flight
    const { now } = at
    const existed = this.#store.read(key, now) !== undefined
    const as = this.#placement.owns(hash, key) ? 'owner' : flight.as === 'owner' ? 'last-resort' : flight.as
    const entry = entryOfFill(fill, fill.token, { as, now })
    if (as !== 'last-resort') this.#keep(key, entry, now)
    flight.tell(waiter => waiter.hit(entry, false, now))
    return { version: entry.version, existed }
  }

  /** What there was is gone, and that there is nothing is kept for a while. */
  #nothing(flight: Flight, { token, entry: { ttlMs } }: FillBody, at: Instant): Written {
    const { key, hash } = flight
    const existed = this.#store.read(key, at.now) !== undefined
    if (this.#placement.owns(hash, key)) {
      const version = existed ? this.#store.remove(key, at).version : token
      if (ttlMs > 0) this.#absences.put(flight, version, at.now + ttlMs)
    }
    flight.tell(waiter => waiter.miss(true))
    return { version: token, existed }
  }

  #written(asked: Asked, fill: FillBody, at: Instant): Written {
    const since = this.#store.unwritten.get(asked.key)
    if (since === undefined || since > fill.token || isErased(this.#store, asked, fill.token)) {
      this.#refused++
      throw tooLate(asked.key)
    }
    return this.#put(asked, fill, at)
  }

  /**
   * What a change feed tells is put in the place of what it told before, or where nothing is. In the place of what was
   * loaded or written, whose order is not known, nothing is put: it goes, and the next who asks loads.
   */
  #feed(asked: Asked, fill: FillBody, at: Instant): Written {
    const { key } = asked
    const { token: order } = fill
    const known = this.#orders.of(key)
    if (known !== undefined && known.order >= order) {
      this.#refused++
      throw tooLate(key)
    }
    const entry = this.#store.read(key, at.now)
    const isKept = entry === undefined || entry.version === known?.version
    const written = isKept ? this.#put(asked, fill, at) : this.#store.remove(key, at)
    this.#orders.set(key, { order, version: isKept ? written.version : 0 })
    return written
  }

  /** Keeps what the data store has said by itself; who waits for a load gets it too. */
  #put({ key, hash }: Asked, fill: FillBody, at: Instant): Written {
    const existed = this.#store.read(key, at.now) !== undefined
    const as = this.#placement.owns(hash, key) ? 'owner' : 'stand-in'
    const entry = entryOfFill(fill, this.#store.clock.next(at.wall), { as, now: at.now })
    if (!this.#keep(key, entry, at.now)) this.#store.remove(key, at)
    this.#current(key, at)
    return { version: entry.version, existed }
  }

  /** Returns false for what this node could never keep: who waits has it all the same. */
  #keep(key: string, entry: Entry, now: number): boolean {
    const fits = this.#store.owned.fits(key, entry)
    if (fits) this.#store.put(key, entry, now)
    return fits
  }

  #sayWaiting(now: number): void {
    this.#saidAt = now
    const peers = new Set([''])
    for (const flight of this.#flights.values()) flight.sayWaiting(peers)
  }

  #sweepFrom(now: number): void {
    if (this.#wakeAt === Number.POSITIVE_INFINITY) this.#wakeAt = now + TIMES.flightSweepMs
  }
}

/** What somebody who asks meets. */
interface Situation {
  readonly as: Role
  readonly at: Instant
  /** To be refreshed. */
  readonly entry: Entry | undefined
}

function tooLate(qualified: string): CacheMeshError {
  const { key } = splitKey(qualified)
  return new CacheMeshError(
    'ERR_LEASE_VOID',
    `What came for key ${JSON.stringify(key)} is not kept: the key was written meanwhile, or somebody else loads it`,
  )
}

function overloaded(): CacheMeshError {
  return new CacheMeshError('ERR_OVERLOADED', 'Too many wait for loads at the owner of the key; try again')
}
