import { Configuration, isTombstone, tombstone } from '@cachemesh/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Random } from '../chance/random.ts'
import { TIMES } from '../limits/limits.ts'
import { configurationOf, MESH, memberOf } from '../testing/members.ts'
import { Contacts } from './contacts.ts'

/** Contacts of a node that keeps links to all members, and the links it has. */
class Linking {
  readonly linked = new Set<string>()
  patience = 1
  readonly contacts: Contacts
  readonly #self: string

  constructor(self: string, seeds: readonly string[]) {
    this.#self = self
    const { linked } = this
    this.contacts = new Contacts({
      self,
      seeds,
      linked,
      random: new Random(7),
      patience: () => this.patience,
      now: 0,
    })
  }

  up(peer: string, now: number): void {
    this.linked.add(peer)
    this.contacts.linkUp(peer, now)
  }

  down(peer: string, now: number): void {
    this.linked.delete(peer)
    this.contacts.linkDown(peer, now)
  }

  update(configuration: Configuration, now: number): void {
    const living = configuration.members.filter(member => !isTombstone(member)).map(({ id }) => id)
    this.contacts.update(configuration, new Set(living.filter(id => id !== this.#self)), now)
  }
}

function contactsOf(self: string, ...seeds: string[]): Linking {
  return new Linking(self, seeds)
}

function namesOf({ contacts }: Linking, now: number): string[] {
  return contacts.due(now).map(({ name }) => name)
}

describe('contacts', () => {
  it('are a seed at once, and every living member that is not this node', () => {
    const contacts = contactsOf('m', 'seed:1')
    expect(namesOf(contacts, 1)).toEqual(['seed:1'])
    const gone = tombstone(memberOf('x'), 'left')
    const silent = memberOf('y', { addresses: [] })
    contacts.update(
      configurationOf(memberOf('m'), memberOf('p'), memberOf('q', { state: 'joining' }), gone, silent),
      10,
    )
    // Both ends hear of each other at one time: the one with the smaller id dials first.
    expect(contacts.contacts.due(10)).toEqual([
      { name: 'p', addresses: memberOf('p').addresses, peer: 'p' },
      { name: 'q', addresses: memberOf('q').addresses, peer: 'q' },
    ])
    contacts.update(configurationOf(memberOf('a')), 20)
    expect(namesOf(contacts, 20)).toEqual([])
    expect(contacts.contacts.wakeAt).toBe(20 + TIMES.dialHeadStartMs)
    expect(namesOf(contacts, 20 + TIMES.dialHeadStartMs)).toEqual(['a'])
  })

  it('are dialled one at a time each', () => {
    const contacts = contactsOf('m', 'seed:1')
    expect(namesOf(contacts, 1)).toEqual(['seed:1'])
    expect(namesOf(contacts, 1e9)).toEqual([])
    expect(contacts.contacts.wakeAt).toBe(Number.POSITIVE_INFINITY)
  })

  it('are never given up, and tried less and less often up to a bound, with jitter', () => {
    const contacts = contactsOf('m', 'seed:1')
    const waits: number[] = []
    for (let now = 1, tries = 1; tries <= 1_000; tries++) {
      expect(namesOf(contacts, now)).toEqual(['seed:1'])
      contacts.contacts.failed('seed:1', now, 'ERR_UNREACHABLE')
      const wait = contacts.contacts.wakeAt - now
      const longest = Math.min(TIMES.redialMinMs * 2 ** tries, TIMES.redialMaxMs)
      expect(wait).toBeGreaterThanOrEqual(longest / 2)
      expect(wait).toBeLessThan(longest)
      expect(namesOf(contacts, now + wait * 0.999)).toEqual([])
      waits.push(wait)
      now = contacts.contacts.wakeAt
    }
    expect(new Set(waits).size).toBe(waits.length)
  })

  it('are left alone while linked, whoever dialled, and tried again soon after the link is down', () => {
    const contacts = contactsOf('m', 'seed:1')
    contacts.update(configurationOf(memberOf('p')), 1)
    expect(namesOf(contacts, 1)).toEqual(['seed:1', 'p'])
    for (let i = 0; i < 10; i++) contacts.contacts.failed('p', 1, 'ERR_UNREACHABLE')
    contacts.up('p', 2)
    contacts.contacts.answered('seed:1', 'p', 2)
    expect(namesOf(contacts, 1e6)).toEqual([])
    contacts.down('p', 1e6)
    // The failures before the link count no more.
    expect(contacts.contacts.wakeAt - 1e6).toBeLessThan(TIMES.redialMinMs)
    expect(namesOf(contacts, 1e6 + TIMES.redialMinMs)).toEqual(['seed:1', 'p'])
  })

  it('wait also when a link broke before its dial was answered', () => {
    const contacts = contactsOf('m', 'seed:1')
    contacts.contacts.due(1)
    contacts.up('p', 1)
    contacts.down('p', 5)
    contacts.contacts.answered('seed:1', 'p', 6)
    expect(namesOf(contacts, 6)).toEqual([])
    expect(contacts.contacts.wakeAt).toBeGreaterThanOrEqual(6 + TIMES.redialMinMs / 2)
  })

  it('forget a seed that is this node itself', () => {
    const contacts = contactsOf('m', 'own:1', 'seed:1')
    contacts.contacts.due(1)
    contacts.contacts.answered('own:1', 'm', 2)
    expect(contacts.contacts.strangers).toBe(1)
    contacts.contacts.failed('own:1', 3, 'ERR_UNREACHABLE')
    contacts.contacts.failed('seed:1', 3, 'ERR_UNREACHABLE')
    expect(namesOf(contacts, 1e6)).toEqual(['seed:1'])
  })

  it('drop members that are gone, at once, and keep seeds whatever becomes of them', () => {
    const contacts = contactsOf('m', 'seed:1')
    contacts.contacts.due(1)
    contacts.up('p', 1)
    contacts.contacts.answered('seed:1', 'p', 1)
    contacts.update(configurationOf(memberOf('p'), memberOf('q')), 1)
    contacts.update(configurationOf(tombstone(memberOf('p'), 'removed')), 2)
    contacts.down('p', 3)
    expect(namesOf(contacts, 1e6)).toEqual(['seed:1'])
    contacts.update(Configuration.empty(MESH), 1e6)
    expect(contacts.contacts.strangers).toBe(1)
  })

  it('follow a member to its new address', () => {
    const contacts = contactsOf('m')
    contacts.update(configurationOf(memberOf('p')), 1)
    contacts.update(configurationOf(memberOf('p', { addresses: ['/ip4/10.0.0.9/tcp/1'] })), 2)
    expect(contacts.contacts.due(2)).toMatchObject([{ addresses: ['/ip4/10.0.0.9/tcp/1'] }])
  })

  it('that a request needs are dialled at once, and no more when nobody has needed them for a while', () => {
    const contacts = contactsOf('m')
    const mesh = configurationOf(memberOf('a'), memberOf('p'))
    contacts.contacts.update(mesh, new Set(['a']), 1)
    contacts.contacts.due(1 + TIMES.dialHeadStartMs)
    contacts.contacts.demand('p', 1_000)
    contacts.contacts.demand('m', 1_000)
    contacts.contacts.demand('nobody', 1_000)
    expect(namesOf(contacts, 1_000)).toEqual(['p'])
    /** It fails again and again until it is not tried any more; when that was. */
    const lastTry = (now: number): number => {
      contacts.contacts.failed('p', now, 'ERR_UNREACHABLE')
      const next = contacts.contacts.wakeAt
      return namesOf(contacts, next).length === 0 ? now : lastTry(next)
    }
    const gaveUp = lastTry(1_000)
    expect(gaveUp).toBeGreaterThan(11_000 - TIMES.redialMaxMs)
    expect(gaveUp).toBeLessThanOrEqual(11_000)
    expect(contacts.contacts.wakeAt).toBe(Number.POSITIVE_INFINITY)
    // Another request begins anew, and one after it is as good.
    contacts.contacts.demand('p', 50_000)
    expect(namesOf(contacts, 50_000)).toEqual(['p'])
    contacts.contacts.demand('p', 59_000)
    contacts.contacts.failed('p', 61_000, 'ERR_UNREACHABLE')
    expect(namesOf(contacts, 61_000 + TIMES.redialMaxMs)).toEqual(['p'])
  })

  it('that a request needed and that are linked stay, and are not dialled when that link is down', () => {
    const contacts = contactsOf('m')
    contacts.contacts.update(configurationOf(memberOf('p')), new Set(), 1)
    contacts.contacts.demand('p', 1)
    contacts.contacts.due(1)
    contacts.up('p', 5)
    contacts.contacts.answered('p', 'p', 5)
    contacts.contacts.demand('p', 60_000)
    contacts.down('p', 60_001)
    expect(namesOf(contacts, 1e6)).toEqual([])
    expect(contacts.contacts.wakeAt).toBe(Number.POSITIVE_INFINITY)
  })

  it('become neighbours for good, and none any more when the configuration says so', () => {
    const contacts = contactsOf('m')
    const mesh = configurationOf(memberOf('p'))
    contacts.contacts.update(mesh, new Set(), 1)
    contacts.contacts.demand('p', 1)
    contacts.contacts.update(mesh, new Set(['p']), 2)
    expect(namesOf(contacts, 1e6)).toEqual(['p'])
    contacts.contacts.failed('p', 1e6, 'ERR_UNREACHABLE')
    contacts.contacts.update(mesh, new Set(), 1e6)
    expect(namesOf(contacts, 1e9)).toEqual([])
  })

  it('whose links break at once are tried less and less often, and at once again after one that held', () => {
    const contacts = contactsOf('m')
    contacts.update(configurationOf(memberOf('p')), 1)
    contacts.contacts.due(1 + TIMES.dialHeadStartMs)
    let now = 1_000
    for (let tries = 1; tries <= 20; tries++) {
      contacts.up('p', now)
      contacts.contacts.answered('p', 'p', now)
      contacts.down('p', ++now)
      const wait = contacts.contacts.wakeAt - now
      const longest = Math.min(TIMES.redialMinMs * 2 ** tries, TIMES.redialMaxMs)
      expect(wait).toBeGreaterThanOrEqual(longest / 2)
      expect(wait).toBeLessThan(longest)
      now = contacts.contacts.wakeAt
      expect(namesOf(contacts, now)).toEqual(['p'])
    }
    contacts.up('p', now)
    contacts.contacts.answered('p', 'p', now)
    contacts.down('p', now + 5_000)
    expect(contacts.contacts.wakeAt - now - 5_000).toBeLessThan(TIMES.redialMinMs / 2)
  })

  it('say when they want to be asked: not before anything is due, and no later', () => {
    const anyPeer = fc.constantFrom('a', 'p', 'q')
    const anyAct = fc.oneof(
      fc.tuple(fc.constantFrom('up', 'down', 'due', 'wait', 'update'), anyPeer),
      fc.tuple(fc.constantFrom('answered', 'failed'), fc.oneof(anyPeer, fc.constant('seed:1'))),
    )
    fc.assert(
      fc.property(fc.array(anyAct, { maxLength: 60 }), fc.constantFrom('p', 'm'), (acts, atSeed) => {
        const contacts = contactsOf('m', 'seed:1')
        let now = 1
        for (const [act, peer] of acts) {
          if (act === 'up') contacts.up(peer, now)
          else if (act === 'down') contacts.down(peer, now)
          else if (act === 'answered')
            contacts.contacts.answered(peer, peer === 'seed:1' ? atSeed : peer, now)
          else if (act === 'failed') contacts.contacts.failed(peer, now, 'ERR_UNREACHABLE')
          else if (act === 'update') contacts.update(configurationOf(memberOf(peer)), now)
          else if (act === 'wait') now += 100
          else {
            const { wakeAt } = contacts.contacts
            const due = contacts.contacts.due(now)
            expect(due.length > 0).toBe(wakeAt <= now)
            for (const { peer: id } of due) expect(contacts.linked.has(id ?? '')).toBe(false)
          }
        }
        contacts.contacts.due(now)
        expect(contacts.contacts.wakeAt).toBeGreaterThan(now)
      }),
    )
  })
})

describe('links that nothing waits for', () => {
  const many = Array.from({ length: 12 }, (_, i) => memberOf(`n${i + 10}`))

  /** Linked to one of many, and its seeds are known. */
  function inLargeMesh(): Linking {
    const contacts = contactsOf('m')
    contacts.up('n10', 0)
    contacts.update(configurationOf(memberOf('m'), ...many), 0)
    return contacts
  }

  it('are made to one seed after the other, in an order of each node', () => {
    const seeds = ['seed:1', 'seed:2', 'seed:3']
    const contacts = contactsOf('m', ...seeds)
    const [first = ''] = namesOf(contacts, 0)
    expect(namesOf(contacts, 3_999)).toEqual([])
    expect(contacts.contacts.wakeAt).toBe(4_000)
    const [second = ''] = namesOf(contacts, 4_000)
    // For somebody who refuses nobody waits.
    contacts.contacts.failed(second, 4_001, 'ERR_CONNECTION_REFUSED')
    const [third = ''] = namesOf(contacts, 4_001)
    expect([first, second, third].sort()).toEqual(seeds)
    const firsts = Array.from({ length: 40 }, (_, seed) => {
      const linked = new Set<string>()
      return new Contacts({
        self: 'm',
        seeds,
        linked,
        random: new Random(seed),
        patience: () => 1,
        now: 0,
      }).due(0)[0]?.name
    })
    expect(new Set(firsts).size).toBe(3)
  })

  it.each([
    ['as seeds are written', ['seed:1', 'seed:2']],
    ['with its id', ['seed:1/p2p/b', 'seed:2/p2p/b']],
  ])('leave out a seed that is a member already, its address %s', (_, addresses) => {
    const contacts = contactsOf('m', 'seed:1', 'seed:2')
    const [first = ''] = namesOf(contacts, 0)
    contacts.up('a', 50)
    contacts.contacts.answered(first, 'a', 50)
    contacts.update(configurationOf(memberOf('m'), memberOf('a'), memberOf('b', { addresses })), 51)
    expect(namesOf(contacts, 60_000)).toEqual(['b'])
  })

  it('to further seeds are made at once by who is sought itself: those who came to different seeds wait for them', () => {
    const others = { came: contactsOf('m', 'seed:1', 'seed:2'), went: contactsOf('m', 'seed:1', 'seed:2') }
    for (const contacts of Object.values(others)) {
      const [first = ''] = namesOf(contacts, 0)
      // As slow as a machine on which many start.
      contacts.up('a', 1_000)
      contacts.contacts.answered(first, 'a', 1_000)
      expect(namesOf(contacts, 1_001)).toEqual([])
    }
    others.came.up('stranger', 1_002)
    expect(namesOf(others.came, 1_003)).toHaveLength(1)
    expect(namesOf(others.went, 1_003)).toEqual([])
  })

  it('wait for no longer than ten seconds: only who has a link to a member can judge it', () => {
    const contacts = inLargeMesh()
    const [name = ''] = namesOf(contacts, TIMES.settleMs)
    contacts.up(name, TIMES.settleMs + 1_500)
    contacts.contacts.answered(name, name, TIMES.settleMs + 1_500)
    expect(contacts.contacts.wakeAt).toBe(10_000)
    expect(namesOf(contacts, 9_999)).toEqual([])
    expect(namesOf(contacts, 10_000 + TIMES.dialHeadStartMs)).toHaveLength(many.length - 2)
  })

  it('wait until for a second nobody joined', () => {
    const contacts = inLargeMesh()
    const more = (count: number) => Array.from({ length: count }, (_, i) => memberOf(`x${i}`))
    const whole = (count: number) => configurationOf(memberOf('m'), ...many, ...more(count))
    for (const count of [1, 2, 3]) {
      contacts.update(whole(count), count * 900)
      expect(namesOf(contacts, (count + 1) * 900 - 1)).toEqual([])
    }
    // A change that is nobody's coming or going disturbs nothing.
    contacts.update(whole(3), 3_600)
    expect(namesOf(contacts, 2_700 + TIMES.settleMs)).toHaveLength(1)
  })

  it('take a tenth of the time, whatever one of them takes', () => {
    const contacts = inLargeMesh()
    let now = TIMES.settleMs + TIMES.dialHeadStartMs
    for (const tookMs of [10, 400]) {
      const [name = '', ...more] = namesOf(contacts, now)
      expect(more).toEqual([])
      contacts.up(name, now + tookMs)
      contacts.contacts.answered(name, name, now + tookMs)
      expect(contacts.contacts.wakeAt).toBe(now + 10 * tookMs)
      now += 10 * tookMs
    }
  })

  it('wait longer for each other on a node that doubts itself', () => {
    const contacts = inLargeMesh()
    const now = TIMES.settleMs + TIMES.dialHeadStartMs
    expect(namesOf(contacts, now)).toHaveLength(1)
    contacts.patience = 2
    expect(namesOf(contacts, now + 7_999)).toEqual([])
    expect(namesOf(contacts, now + 8_000)).toHaveLength(1)
  })

  it('do not delay those that somebody waits for', () => {
    const contacts = inLargeMesh()
    contacts.up('n11', 0)
    const now = TIMES.settleMs + TIMES.dialHeadStartMs
    expect(namesOf(contacts, now)).toHaveLength(1)
    contacts.contacts.demand('n21', now)
    contacts.down('n10', now)
    expect(namesOf(contacts, now + 30).sort()).toEqual(['n10', 'n21'])
  })
})
