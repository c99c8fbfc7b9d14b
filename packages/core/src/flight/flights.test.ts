import { CacheMeshError, type FillBody, hashKey, qualifyKey } from '@cachemesh/protocol'
import { describe, expect, it } from 'vitest'
import { TIMES } from '../limits/limits.ts'
import type { Role } from '../placement/router.ts'
import type { Entry } from '../store/entry.ts'
import { Life, WALL } from '../testing/life.ts'
import { configurationOf, memberOf } from '../testing/members.ts'
import type { Flights } from './flights.ts'
import type { Lease, Waiter } from './waiter.ts'

const KEY = qualifyKey('default', 'key')
const ASKED = { key: KEY, hash: hashKey(KEY) }
const LEASE_MS = 1_000

/** Somebody who waits, and what it was told. */
class Asking implements Waiter {
  readonly deadline: number
  readonly peer: string
  readonly relayed = false
  readonly leaseMs: number
  readonly staleAfterMs: number
  staleAt = Number.POSITIVE_INFINITY
  readonly told: string[] = []
  lease: Lease | undefined

  constructor({ deadline = 1e9, peer = '', leaseMs = LEASE_MS, staleAfterMs = 0 } = {}) {
    this.deadline = deadline
    this.peer = peer
    this.leaseMs = leaseMs
    this.staleAfterMs = staleAfterMs
  }

  hit(entry: Entry, stale: boolean): void {
    this.told.push(`${stale ? 'stale ' : ''}${new TextDecoder().decode(entry.value)}`)
  }

  miss(absent: boolean): void {
    this.told.push(absent ? 'absent' : 'miss')
  }

  leased(lease: Lease, stale: Entry | undefined): void {
    this.lease = lease
    this.told.push(stale ? `lease with ${new TextDecoder().decode(stale.value)}` : 'lease')
  }

  waits(): void {
    this.told.push('waits')
  }

  failedWith({ code }: CacheMeshError): void {
    this.told.push(code)
  }
}

class Owner {
  readonly life = new Life({ id: 'me', remembered: configurationOf(memberOf('me')) })
  readonly flights: Flights = this.life.node.flights
  readonly store = this.life.node.store

  get at() {
    return { now: this.life.now, wall: WALL + this.life.now }
  }

  asks(who: ConstructorParameters<typeof Asking>[0] = {}, as: Role = 'owner'): Asking {
    const asking = new Asking(who)
    this.flights.ask(ASKED, asking, { as, at: this.at })
    return asking
  }

  pass(ms: number): void {
    this.life.passFor(this.flights, ms)
  }

  fill(token: number, text = 'value', how: Partial<FillBody> & { ttlMs?: number } = {}): string {
    const entry = { value: new TextEncoder().encode(text), contentType: 't', ttlMs: how.ttlMs ?? 0 }
    try {
      this.flights.fill(ASKED, { token, kind: 'loaded', costMs: 0, freshMs: 0, entry, ...how }, this.at)
      return 'kept'
    } catch (error) {
      return (error as CacheMeshError).code
    }
  }

  set(text: string): void {
    const value = new TextEncoder().encode(text)
    this.store.write(KEY, { value, contentType: 't', expiresAt: Number.POSITIVE_INFINITY }, this.at)
  }

  fails(token: number, code: 'ERR_LOADER' | 'ERR_TIMEOUT' = 'ERR_LOADER'): void {
    this.flights.release(ASKED, token, new CacheMeshError(code, 'no'), this.at)
  }

  get kept(): string | undefined {
    const entry = this.store.read(KEY, this.life.now)
    return entry && new TextDecoder().decode(entry.value)
  }
}

function tokenOf(asking: Asking): number {
  return (asking.lease as Lease).token
}

describe('a load', () => {
  it('is granted to the first who asks; the others wait, and all have what it brought', () => {
    const owner = new Owner()
    const first = owner.asks({ peer: 'a' })
    const others = [owner.asks(), owner.asks({ peer: 'b' }), owner.asks({ leaseMs: 0 })]
    expect(first.told).toEqual(['lease'])
    expect(owner.fill(tokenOf(first))).toBe('kept')
    for (const other of others) expect(other.told).toEqual(['waits', 'value'])
    expect(owner.asks().told).toEqual(['value'])
    expect(owner.flights.stats).toEqual({ loading: 0, waiting: 0, leases: 1, refused: 0 })
  })

  it('is nobody’s when nobody can load', () => {
    const owner = new Owner()
    expect(owner.asks({ leaseMs: 0 }).told).toEqual(['miss'])
    owner.pass(100)
    expect(owner.flights.wakeAt).toBe(Number.POSITIVE_INFINITY)
  })

  it('is begun by a program of the owner’s own process when it has a loader, whoever asks', () => {
    const owner = new Owner()
    const loads: Lease[] = []
    owner.flights.loaders = { leaseMs: () => 500, load: (_, lease) => loads.push(lease) }
    const asking = [owner.asks({ peer: 'a' }), owner.asks({ leaseMs: 0 })]
    expect(loads).toHaveLength(1)
    owner.fill((loads[0] as Lease).token)
    for (const { told } of asking) expect(told).toEqual(['waits', 'value'])
  })

  it('passes to the next when its holder is gone, gives up, or takes longer than its lease', () => {
    for (const how of ['gone', 'gives up', 'too long']) {
      const owner = new Owner()
      const first = owner.asks({ peer: 'a' })
      const second = owner.asks({ peer: 'b' })
      const third = owner.asks({ peer: 'a' })
      if (how === 'gone') owner.flights.peerDown('a', owner.at)
      if (how === 'gives up') owner.fails(tokenOf(first), 'ERR_TIMEOUT')
      if (how === 'too long') owner.pass(LEASE_MS + TIMES.flightSweepMs)
      expect(second.told.filter(it => it !== 'waits')).toEqual(['lease'])
      expect(owner.fill(tokenOf(first), 'late')).toBe('ERR_LEASE_VOID')
      expect(owner.kept).toBeUndefined()
      expect(owner.fill(tokenOf(second))).toBe('kept')
      if (how !== 'gone') expect(third.told.at(-1)).toBe('value')
    }
  })

  it('that never ends is not begun by one after another without end', () => {
    const owner = new Owner()
    const asking = Array.from({ length: 5 }, () => owner.asks())
    owner.pass(10 * LEASE_MS)
    expect(asking.map(({ told }) => told.at(-1))).toEqual([
      'lease',
      'lease',
      'lease',
      'ERR_LOADER',
      'ERR_LOADER',
    ])
  })

  it('that failed is told to all who wait, and tried again after a rest that grows', () => {
    const owner = new Owner()
    const asking = [owner.asks(), owner.asks()] as const
    owner.fails(tokenOf(asking[0]))
    expect(asking[1].told).toEqual(['waits', 'ERR_LOADER'])
    for (let rest = TIMES.loadRestMinMs; rest <= 4 * TIMES.loadRestMinMs; rest *= 2) {
      owner.pass(rest - 1)
      expect(owner.asks().told).toEqual(['ERR_LOADER'])
      owner.pass(1)
      const again = owner.asks()
      expect(again.told).toEqual(['lease'])
      owner.fails(tokenOf(again))
    }
  })

  it('ends for each who waits by its own deadline', () => {
    const owner = new Owner()
    const first = owner.asks()
    const hurried = owner.asks({ deadline: owner.life.now + 100 })
    const patient = owner.asks()
    owner.pass(100 + TIMES.flightSweepMs)
    expect(hurried.told).toEqual(['waits', 'ERR_TIMEOUT'])
    owner.fill(tokenOf(first))
    expect(patient.told).toEqual(['waits', 'value'])
  })

  it('gives signs of life while peers wait, one to each of them', () => {
    const owner = new Owner()
    owner.asks({ leaseMs: 10_000 })
    const waiting = ['a', 'a', 'b'].map(peer => owner.asks({ peer }))
    owner.pass(1_000)
    const counts = waiting.map(({ told }) => told.length)
    expect(counts[1]).toBe(1)
    for (const count of [counts[0], counts[2]]) expect(count).toBeGreaterThanOrEqual(4)
  })
})

describe('a key that is written while it is loaded', () => {
  it('refuses the fill, and who waits has what was written', () => {
    const owner = new Owner()
    const first = owner.asks()
    const second = owner.asks()
    owner.set('written')
    owner.pass(TIMES.flightSweepMs)
    expect(second.told).toEqual(['waits', 'written'])
    expect(owner.fill(tokenOf(first), 'old')).toBe('ERR_LEASE_VOID')
    expect(owner.kept).toBe('written')
  })

  it('refuses it too when what was written is gone again', () => {
    const owner = new Owner()
    const first = owner.asks()
    owner.set('written')
    owner.store.owned.delete(KEY)
    expect(owner.fill(tokenOf(first), 'old')).toBe('ERR_LEASE_VOID')
    expect(owner.kept).toBeUndefined()
  })

  it.each([
    ['deleted', (owner: Owner) => void owner.store.remove(KEY, owner.at)],
    [
      'cleared with its namespace',
      (owner: Owner) => owner.store.erasures.namespace('default', owner.store.clock.next(owner.at.wall)),
    ],
    ['flushed', (owner: Owner) => owner.store.flush()],
  ])('is loaded anew for those who wait when it was %s', (_, erase) => {
    const owner = new Owner()
    const first = owner.asks()
    const second = owner.asks()
    erase(owner)
    const third = owner.asks()
    expect(second.told).toEqual(['waits', 'lease'])
    expect(third.told).toEqual(['waits'])
    expect(owner.fill(tokenOf(first), 'old')).toBe('ERR_LEASE_VOID')
    expect(owner.fill(tokenOf(second), 'new')).toBe('kept')
    expect([third.told.at(-1), owner.kept]).toEqual(['new', 'new'])
  })

  it('is newer than what was loaded, whatever the order in which they come', () => {
    const owner = new Owner()
    const first = owner.asks()
    owner.fill(tokenOf(first))
    expect(owner.store.read(KEY, 1)?.version).toBe(tokenOf(first))
    expect(owner.store.clock.next(owner.at.wall)).toBeGreaterThan(tokenOf(first))
  })
})

describe('a value past its time', () => {
  function stale(): Owner {
    const owner = new Owner()
    owner.fill(tokenOf(owner.asks()), 'old', { freshMs: 100, ttlMs: 10_000 })
    owner.pass(101)
    return owner
  }

  it('is served at once while one who asks refreshes it', () => {
    const owner = stale()
    const first = owner.asks()
    expect(first.told).toEqual(['lease with old'])
    expect(owner.asks().told).toEqual(['stale old'])
    owner.fill(tokenOf(first), 'new', { freshMs: 100, ttlMs: 10_000 })
    expect(owner.asks().told).toEqual(['new'])
  })

  it('is taken after a while by one who would rather have a fresh one', () => {
    const owner = stale()
    const first = owner.asks()
    const waiting = owner.asks({ staleAfterMs: 200 })
    const luckier = owner.asks({ staleAfterMs: 400 })
    expect(waiting.told).toEqual(['waits'])
    owner.pass(250)
    expect(waiting.told).toEqual(['waits', 'stale old'])
    owner.fill(tokenOf(first), 'new')
    expect(luckier.told).toEqual(['waits', 'new'])
  })

  it('is served when nobody can load it, or the load has failed', () => {
    const owner = stale()
    expect(owner.asks({ leaseMs: 0 }).told).toEqual(['stale old'])
    owner.fails(tokenOf(owner.asks()))
    expect(owner.asks().told).toEqual(['stale old'])
  })

  it('is refreshed a little early by one of many readers, when it takes long to load', () => {
    const owner = new Owner()
    owner.fill(tokenOf(owner.asks()), 'old', { freshMs: 10_000, ttlMs: 20_000, costMs: 100 })
    owner.pass(5_000)
    for (let i = 0; i < 1_000; i++) expect(owner.asks().told).toEqual(['old'])
    owner.pass(4_700)
    const told = Array.from({ length: 200 }, () => owner.asks().told[0])
    expect(told.filter(it => it === 'lease with old')).toHaveLength(1)
    expect(told.filter(it => it === 'old')).toHaveLength(199)
  })
})

describe('a key that the data store does not have', () => {
  it('is known to be absent for as long as was said, and until it is written', () => {
    const owner = new Owner()
    const first = owner.asks()
    const second = owner.asks()
    owner.fill(tokenOf(first), '', {
      kind: 'absent',
      ttlMs: 100,
      entry: { value: new Uint8Array(0), contentType: '', ttlMs: 100 },
    })
    expect(second.told).toEqual(['waits', 'absent'])
    expect(owner.asks().told).toEqual(['absent'])
    owner.pass(100)
    expect(owner.asks().told).toEqual(['lease'])
  })

  it('is asked for again when it was written and deleted meanwhile', () => {
    const owner = new Owner()
    const entry = { value: new Uint8Array(0), contentType: '', ttlMs: 1e6 }
    owner.fill(tokenOf(owner.asks()), '', { kind: 'absent', entry })
    owner.set('now')
    expect(owner.asks().told).toEqual(['now'])
    owner.store.remove(KEY, owner.at)
    expect(owner.asks().told).toEqual(['lease'])
  })
})

describe('one who does not own the key', () => {
  it('loads for who has no other way, and keeps nothing', () => {
    const life = new Life({ id: 'me', remembered: configurationOf(memberOf('other', { state: 'active' })) })
    const at = { now: 1, wall: WALL }
    const first = new Asking()
    const second = new Asking()
    for (const it of [first, second]) life.node.flights.ask(ASKED, it, { as: 'last-resort', at })
    expect([first.told, second.told]).toEqual([['lease'], ['waits']])
    const entry = { value: new TextEncoder().encode('value'), contentType: 't', ttlMs: 0 }
    life.node.flights.fill(ASKED, { token: tokenOf(first), kind: 'loaded', costMs: 0, freshMs: 0, entry }, at)
    expect(second.told).toEqual(['waits', 'value'])
    expect(life.node.store.read(KEY, 1)).toBeUndefined()
  })
})

describe('a value that the data store has taken', () => {
  it('is kept under a claim, and not when the key was written, loaded or claimed and written since', () => {
    const owner = new Owner()
    const claims = [0, 0].map(() => owner.flights.claim(ASKED, LEASE_MS, owner.at))
    const load = owner.asks()
    expect(owner.fill((claims[0] as Lease).token, 'first', { kind: 'written' })).toBe('kept')
    expect(owner.fill((claims[1] as Lease).token, 'second', { kind: 'written' })).toBe('ERR_LEASE_VOID')
    expect(owner.fill(tokenOf(load), 'old')).toBe('ERR_LEASE_VOID')
    expect(owner.kept).toBe('first')
  })

  it('is not kept when somebody may have loaded what was there before', () => {
    const owner = new Owner()
    const claim = owner.flights.claim(ASKED, LEASE_MS, owner.at)
    owner.fill(tokenOf(owner.asks()), 'old')
    expect(owner.fill(claim.token, 'new', { kind: 'written' })).toBe('ERR_LEASE_VOID')
  })

  it('is not kept after its claim, and the claim is forgotten', () => {
    const owner = new Owner()
    const { token } = owner.flights.claim(ASKED, LEASE_MS, owner.at)
    owner.pass(LEASE_MS + 100)
    expect(owner.fill(token, 'late', { kind: 'written' })).toBe('ERR_LEASE_VOID')
    expect([owner.store.unwritten.size, owner.flights.wakeAt]).toEqual([0, Number.POSITIVE_INFINITY])
  })

  it('ends a load that is under way with what it is', () => {
    const owner = new Owner()
    owner.asks()
    const waiting = owner.asks()
    const { token } = owner.flights.claim(ASKED, LEASE_MS, owner.at)
    owner.fill(token, 'new', { kind: 'written' })
    expect(waiting.told).toEqual(['waits', 'new'])
  })
})

describe('what a change feed tells', () => {
  it('is kept in its own order, whatever the order in which it comes', () => {
    const owner = new Owner()
    expect(owner.fill(7, 'seven', { kind: 'fed' })).toBe('kept')
    expect(owner.fill(6, 'six', { kind: 'fed' })).toBe('ERR_LEASE_VOID')
    expect(owner.fill(7, 'again', { kind: 'fed' })).toBe('ERR_LEASE_VOID')
    expect(owner.fill(8, 'eight', { kind: 'fed' })).toBe('kept')
    expect(owner.kept).toBe('eight')
  })

  it('takes away what was loaded or written: nobody knows which is later', () => {
    const owner = new Owner()
    owner.set('written')
    owner.fill(7, 'seven', { kind: 'fed' })
    expect(owner.kept).toBeUndefined()
    owner.fill(8, 'eight', { kind: 'fed' })
    expect(owner.kept).toBe('eight')
  })
})
