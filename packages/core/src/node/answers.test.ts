import {
  type Charge,
  Configuration,
  deltaTo,
  destroy,
  type Member,
  type Message,
  summaryOf,
  tombstone,
} from '@cachemesh/protocol'
import { describe, expect, it } from 'vitest'
import { RULES } from '../limits/limits.ts'
import { Life, WALL } from '../testing/life.ts'
import { configurationOf, MESH, memberOf } from '../testing/members.ts'
import { Network } from '../testing/network.ts'

const IDS = ['a', 'b', 'c', 'd', 'e', 'f', 'g'] as const

/** A mesh of so many that has found itself. */
function meshOf(count: number, options: ConstructorParameters<typeof Network>[1] = {}): Network {
  const network = new Network(IDS.slice(0, count), options)
  network.pass(3_000)
  return network
}

function incarnationsIn(network: Network): number[] {
  return network.of('a').configuration.members.map(({ incarnation }) => incarnation)
}

describe('an accused member', () => {
  const accusation = (accuser: string, round: number, ...charges: Charge[]): Message => ({
    kind: 'accusation',
    accuser,
    round,
    charges,
  })
  const chargeOf = (member: string, since = 1): Charge => {
    return { member, since, incarnation: 1, witnesses: [], hearsay: false, unable: false }
  }

  it('answers once with a new incarnation, however often and by however many that claim is accused', () => {
    const network = meshOf(4)
    for (let round = 1; round <= 20; round++) {
      for (const accuser of ['a', 'c', 'd'])
        network.give('b', { kind: 'message', from: 'a', message: accusation(accuser, round, chargeOf('b')) })
      network.pass(300)
    }
    for (const configuration of network.configurations)
      expect(configuration.member('b')).toMatchObject({ incarnation: 2, state: 'active' })
    network.pass(20_000)
    expect(incarnationsIn(network)).toEqual([1, 2, 1, 1])
  })

  it('by all its observers and none of them having tried it themselves, is removed by nobody', () => {
    const network = meshOf(4)
    for (const accuser of ['b', 'c', 'd'])
      for (const to of ['b', 'c', 'd'])
        network.give(to, { kind: 'message', from: 'b', message: accusation(accuser, 1, chargeOf('a')) })
    network.pass(10_000)
    expect(network.said.filter(({ state }) => state === 'removed')).toEqual([])
  })

  it('with all others by one node that has gone mad: each answers, nobody is removed', () => {
    const network = meshOf(5)
    const others = ['b', 'c', 'd', 'e']
    for (let round = 1; round <= 30; round++) {
      for (const to of others)
        network.give(to, {
          kind: 'message',
          from: 'a',
          message: accusation('a', round, ...others.map(member => chargeOf(member))),
        })
      network.pass(500)
    }
    expect(network.said).toEqual([])
    expect(network.of('a').configuration.members.every(({ state }) => state === 'active')).toBe(true)
    expect(incarnationsIn(network)).toEqual([1, 2, 2, 2, 2])
  })

  it('that can be reached again at the last moment answers in time', () => {
    const network = meshOf(4)
    network.cutBothWays(['b'], ['a', 'c', 'd'])
    while (network.saidOf('b', 'accused').length < 3) network.pass(10)
    network.heal()
    network.pass(10_000)
    expect(network.saidOf('b', 'removed')).toEqual([])
    expect(network.configurations.every(it => it.member('b')?.state === 'active')).toBe(true)
  })
})

describe('a removal that comes as a surprise', () => {
  /** What the others hold after they have removed `b`, which is well and linked with `a` alone. */
  function removedElsewhere(): { network: Network; hear: () => void } {
    const network = meshOf(4)
    const theirs = configurationOf(
      ...IDS.slice(0, 4).map(id => (id === 'b' ? tombstone(memberOf(id), 'removed') : memberOf(id))),
      memberOf('news'),
    )
    const delta = deltaTo(theirs, summaryOf(Configuration.empty(MESH)))
    return {
      network,
      hear: () => network.give('a', { kind: 'message', from: 'c', message: { kind: 'delta', delta } }),
    }
  }

  it('is not taken over before the member had time to answer, and its answer makes it harmless', () => {
    const { network, hear } = removedElsewhere()
    hear()
    expect(network.member('a', 'b')?.state).toBe('active')
    // Nothing of the document is taken before: a part of it may say what its other parts stand on.
    expect(network.member('a', 'news')).toBeUndefined()
    network.pass(200)
    expect(network.member('b', 'b')).toMatchObject({ state: 'active', incarnation: 2 })
    expect(network.member('a', 'b')).toMatchObject({ state: 'active', incarnation: 2 })
    expect(network.member('a', 'news')).toBeDefined()
    network.pass(10_000)
    expect(incarnationsIn(network)).toEqual([1, 2, 1, 1, 1])
  })

  it('is taken over after two seconds when nobody answers', () => {
    const { network, hear } = removedElsewhere()
    network.cutBothWays(['b'], ['a', 'c', 'd'])
    hear()
    network.pass(RULES.holdMs - 10)
    expect(network.member('a', 'b')?.state).toBe('active')
    network.pass(20)
    expect(network.member('a', 'b')?.state).toBe('removed')
    expect(network.member('a', 'news')).toBeDefined()
  })

  it('is none where this node accuses the member itself: two who are left do not wait for each other', () => {
    const network = meshOf(5)
    for (const id of ['c', 'd', 'e']) network.end(id, { closed: false })
    while (!network.saidOf('c', 'accused').some(({ by }) => by === 'a')) network.pass(10)
    const theirs = configurationOf(memberOf('a'), memberOf('b'), tombstone(memberOf('c'), 'removed'))
    const delta = deltaTo(theirs, summaryOf(Configuration.empty(MESH)))
    network.give('a', { kind: 'message', from: 'b', message: { kind: 'delta', delta } })
    expect(network.member('a', 'c')?.state).toBe('removed')
  })

  it('of this node itself is answered at once', () => {
    const { network } = removedElsewhere()
    const theirs = configurationOf(
      tombstone(memberOf('a'), 'removed'),
      ...['b', 'c', 'd'].map(id => memberOf(id)),
    )
    const delta = deltaTo(theirs, summaryOf(Configuration.empty(MESH)))
    network.give('a', { kind: 'message', from: 'c', message: { kind: 'delta', delta } })
    expect(network.member('a', 'a')).toMatchObject({ state: 'active', incarnation: 2 })
  })

  it('waits for all that came meanwhile, and everything is joined together', () => {
    const { network, hear } = removedElsewhere()
    network.cutBothWays(['b', 'd'], ['a', 'c'])
    hear()
    network.pass(1_000)
    const second = configurationOf(
      memberOf('a'),
      memberOf('b'),
      tombstone(memberOf('d'), 'removed'),
      memberOf('more'),
    )
    const delta = deltaTo(second, summaryOf(Configuration.empty(MESH)))
    network.give('a', { kind: 'message', from: 'c', message: { kind: 'delta', delta } })
    network.pass(RULES.holdMs - 100)
    expect(network.of('a').configuration.members.map(({ state }) => state)).toEqual(Array(4).fill('active'))
    network.pass(200)
    expect(network.of('a').configuration.members.map(({ id, state }) => `${id} ${state}`)).toEqual([
      'a active',
      'b removed',
      'c active',
      'd removed',
      'more active',
      'news active',
    ])
  })
})

describe('a node that is removed again and again', () => {
  /** Removed by others so many times, one right after the other; each time it has answered. */
  function removedOften(times: number): Life {
    const life = new Life({ remembered: configurationOf(memberOf('me'), memberOf('p')) })
    life.start()
    life.step({ kind: 'link-up', peer: 'p' })
    life.hear('p', { kind: 'version', version: life.node.configuration.version })
    for (let i = 0; i < times; i++) {
      const others = life.node.configuration.members.filter(({ id }) => id !== 'me')
      const serial = life.node.configuration.version.serial + 1
      const text = configurationOf(tombstone(life.me as Member, 'removed'), ...others)
      life.hearOf('p', Configuration.of(text, { serial, timestamp: 1 }))
      expect(life.me?.incarnation).toBe(i + 2)
    }
    return life
  }

  it('returns at once two times, and then waits before it owns anything, though it hears of it before it is so', () => {
    expect(removedOften(2).me?.state).toBe('active')
    const life = removedOften(6)
    expect(life.me?.state).toBe('joining')
    life.pass(7_900)
    expect(life.me?.state).toBe('joining')
    life.pass(200)
    expect(life.me).toMatchObject({ state: 'active', incarnation: 7 })
  })

  it('wants no tick for what it waited for when its mesh is destroyed meanwhile', () => {
    const life = removedOften(6)
    life.hearOf('p', destroy(life.node.configuration, WALL))
    expect(life.node.state).toBe('destroyed')
    life.pass(120_000)
  })
})

describe('a cut in two halves', () => {
  it.each([10_000, 60_000, 600_000])(
    'of %i ms heals by itself, and nobody loses its own side meanwhile',
    cutMs => {
      const [left, right] = [
        ['a', 'b', 'c'],
        ['d', 'e', 'f', 'g'],
      ] as const
      const network = meshOf(7)
      network.cutBothWays(left, right)
      network.pass(cutMs)
      if (cutMs > 20_000) {
        expect(network.of('a').placement.ring.members).toEqual(left)
        expect(network.of('d').placement.ring.members).toEqual(right)
      }
      network.heal()
      for (let passed = 0; passed < 10_000; passed += 20) {
        network.pass(20)
        for (const side of [left, right])
          for (const id of side)
            expect(network.of(id).placement.ring.members).toEqual(expect.arrayContaining([...side]))
      }
      for (const configuration of network.configurations)
        expect(configuration.members.map(({ state }) => state)).toEqual(Array(7).fill('active'))
      expect(new Set(network.configurations.map(({ version }) => version.digest)).size).toBe(1)
    },
  )

  it('without the hold empties rings', () => {
    const [left, right] = [
      ['a', 'b', 'c'],
      ['d', 'e', 'f', 'g'],
    ] as const
    const network = meshOf(7, { rules: { holdMs: 0 } })
    network.cutBothWays(left, right)
    network.pass(60_000)
    network.heal()
    let smallest = 7
    for (let passed = 0; passed < 10_000; passed += 1) {
      network.pass(1)
      for (const id of [...left, ...right]) {
        const own = (left as readonly string[]).includes(id) ? left : right
        const { members } = network.of(id).placement.ring
        smallest = Math.min(smallest, own.filter(member => members.includes(member)).length - own.length)
      }
    }
    expect(smallest).toBeLessThan(0)
  })
})
