import { describe, expect, it } from 'vitest'
import { Random } from '../chance/random.ts'
import { RULES } from '../limits/limits.ts'
import { configurationOf, memberOf } from '../testing/members.ts'
import { Network, type Said } from '../testing/network.ts'
import { Detector } from './detector.ts'
import { LocalHealth } from './local-health.ts'

const IDS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l'] as const

/** A mesh of so many that has found itself. */
function meshOf(count: number, options: ConstructorParameters<typeof Network>[1] = {}): Network {
  const network = new Network(IDS.slice(0, count), options)
  network.pass(3_000)
  return network
}

function statesOf(said: readonly Said[], by: string): string[] {
  return said.filter(it => it.by === by).map(({ state }) => state)
}

/** When the last of the others held the member as removed, after a time; Infinity when one does not. */
function removedWithin(
  network: Network,
  member: string,
  viewers: readonly string[],
  withinMs: number,
): number {
  const began = network.now
  while (network.now < began + withinMs) {
    network.pass(50)
    if (viewers.every(viewer => network.member(viewer, member)?.state === 'removed'))
      return network.now - began
  }
  return Number.POSITIVE_INFINITY
}

function incarnationsIn(network: Network): number[] {
  return network.of('a').configuration.members.map(({ incarnation }) => incarnation)
}

describe('a member that is silent', () => {
  it.each([3, 5, 10, 12])(
    'is checked, accused and removed by all others within 6 s, in a mesh of %i',
    count => {
      const network = meshOf(count)
      network.end('b', { closed: false })
      const others = IDS.slice(0, count).filter(id => id !== 'b')
      const took = removedWithin(network, 'b', others, 10_000)
      expect(took).toBeGreaterThan(RULES.silenceMs)
      expect(took).toBeLessThan(6_000)
      const authors = network.saidOf('b', 'removed')
      expect(authors.length).toBeGreaterThan(0)
      for (const { by } of authors)
        expect(
          statesOf(network.saidOf('b', 'checking', 'accused', 'cleared', 'removed'), by).slice(0, 3),
        ).toEqual(['checking', 'accused', 'removed'])
      // Nobody else was accused, and nobody thinks of it any more.
      expect(network.said.filter(({ member, state }) => member !== 'b' && state !== 'cleared')).toEqual([])
      network.said.length = 0
      network.pass(20_000)
      expect(network.said).toEqual([])
    },
  )

  it('is removed by those who are left when most of its observers have gone with it', () => {
    // Three accusers of four are needed, and two are there: the slow rule.
    const network = meshOf(5)
    for (const id of ['c', 'd', 'e']) network.end(id, { closed: false })
    for (const id of ['c', 'd', 'e'])
      expect(removedWithin(network, id, ['a', 'b'], 20_000)).toBeLessThan(12_000)
    expect([network.member('a', 'b')?.state, network.member('b', 'a')?.state]).toEqual(['active', 'active'])
  })

  it('is removed after two of four ended at once', () => {
    const network = meshOf(4)
    for (const id of ['c', 'd']) network.end(id, { closed: false })
    for (const id of ['c', 'd']) expect(removedWithin(network, id, ['a', 'b'], 20_000)).toBeLessThan(6_000)
  })

  it('is not removed when the rule for those who are left is off', () => {
    const network = meshOf(5, { rules: { slowAfterMs: Number.POSITIVE_INFINITY } })
    for (const id of ['c', 'd', 'e']) network.end(id, { closed: false })
    expect(removedWithin(network, 'c', ['a', 'b'], 60_000)).toBe(Number.POSITIVE_INFINITY)
  })

  it('and speaks again before it is removed is trusted again, and keeps its incarnation if nobody told it', () => {
    const network = meshOf(4)
    network.freeze('b', RULES.silenceMs + 200)
    network.pass(10_000)
    expect(network.saidOf('b', 'checking').length).toBeGreaterThan(0)
    expect(network.saidOf('b', 'cleared')).toHaveLength(network.saidOf('b', 'checking').length)
    expect(network.saidOf('b', 'accused', 'removed')).toEqual([])
    expect(incarnationsIn(network)).toEqual([1, 1, 1, 1])
  })
})

describe('a member whose process has ended', () => {
  it.each([3, 10])(
    'is removed within 1.5 s when its links are closed and dials refused, in a mesh of %i',
    count => {
      const network = meshOf(count)
      network.end('b', { closed: true })
      const others = IDS.slice(0, count).filter(id => id !== 'b')
      expect(removedWithin(network, 'b', others, 10_000)).toBeLessThan(1_500)
    },
  )

  it('is not accused when it starts again before that', () => {
    const network = meshOf(4)
    const remembered = network.of('b').configuration
    network.end('b', { closed: true })
    network.pass(300)
    network.start('b', { remembered })
    network.pass(10_000)
    expect(network.saidOf('b', 'removed')).toEqual([])
    expect(network.configurations.every(it => it.member('b')?.state === 'active')).toBe(true)
  })

  it('is not accused for a refused dial alone: nobody had a link that closed', () => {
    const network = meshOf(4)
    network.said.length = 0
    for (const id of ['a', 'b', 'c'])
      network.give(id, { kind: 'dial-failed', contact: 'd', code: 'ERR_CONNECTION_REFUSED' })
    network.pass(20_000)
    expect(network.said).toEqual([])
  })

  it('is not accused for a closed link alone: it is dialled again', () => {
    const network = meshOf(4)
    network.said.length = 0
    for (const id of ['a', 'b', 'c']) network.unlink(id, 'd')
    network.pass(500)
    expect(network.of('d').linked.size).toBe(3)
    network.pass(20_000)
    expect(network.said).toEqual([])
  })
})

describe('a member that some do not reach', () => {
  it.each([
    ['both ways', true],
    ['one way', false],
  ])('and others do, is doubted and never accused: cut %s', (_, both) => {
    const network = meshOf(4)
    network.cut(['a'], ['b'])
    if (both) network.cut(['b'], ['a'])
    network.pass(60_000)
    expect(network.saidOf('b', 'checking').length).toBeGreaterThan(0)
    expect(network.saidOf('b', 'accused', 'removed')).toEqual([])
    expect(network.saidOf('a', 'accused', 'removed')).toEqual([])
    expect(incarnationsIn(network)).toEqual([1, 1, 1, 1])
    network.heal()
    network.said.length = 0
    network.pass(10_000)
    expect(network.said.every(({ state }) => state === 'cleared')).toBe(true)
    network.said.length = 0
    network.pass(10_000)
    expect(network.said).toEqual([])
  })

  it('is not removed when all but one have lost it: the one vouches for it to whoever asks', () => {
    const network = meshOf(5)
    network.cutBothWays(['a', 'c', 'd'], ['b'])
    network.pass(120_000)
    expect(network.saidOf('b', 'removed')).toEqual([])
    expect(network.saidOf('b', 'accused')).toEqual([])
    expect(network.configurations.every(it => it.member('b')?.state === 'active')).toBe(true)
  })

  it('is on no side of a ring of cuts: everybody stays', () => {
    const network = meshOf(6)
    // Each has lost its two neighbours in a circle.
    for (let i = 0; i < 6; i++) network.cutBothWays([IDS[i] as string], [IDS[(i + 1) % 6] as string])
    network.pass(60_000)
    expect(network.said.filter(({ state }) => state === 'removed')).toEqual([])
  })

  it('is not removed for links that come and go', () => {
    const network = meshOf(5)
    for (let i = 0; i < 60; i++) {
      if (i % 2 === 0) network.cutBothWays(['a', 'b'], ['c'])
      else network.heal()
      network.pass(1_700)
    }
    network.heal()
    network.pass(10_000)
    expect(network.said.filter(({ state }) => state === 'removed')).toEqual([])
    expect(new Set(network.configurations.map(it => it.version.digest)).size).toBe(1)
  })

  it.each([0.05, 0.2])('is not removed for frames that get lost: %d of all', loss => {
    const network = meshOf(6)
    network.loss = loss
    network.pass(120_000)
    expect(network.said.filter(({ state }) => state === 'removed')).toEqual([])
  })
})

describe('a node that nobody answers', () => {
  it('accuses nobody, says that it is alone, and removes the others after half a minute', () => {
    const network = meshOf(5)
    network.cutBothWays(['a'], ['b', 'c', 'd', 'e'])
    network.pass(6_000)
    expect(network.of('a').state).toBe('alone')
    network.pass(RULES.aloneRemovesMs - 6_000)
    expect(network.said.filter(({ by, state }) => by === 'a' && state !== 'checking')).toEqual([])
    expect(network.of('a').configuration.members.every(({ state }) => state === 'active')).toBe(true)
    network.pass(10_000)
    expect(network.of('a').placement.ring.members).toEqual(['a'])
    expect(network.member('b', 'a')?.state).toBe('removed')
  })

  it('hears everybody and is heard by nobody: it accuses nobody either, and the others remove it', () => {
    const network = meshOf(4)
    network.cut(['a'], ['b', 'c', 'd'])
    network.pass(RULES.aloneRemovesMs)
    expect(network.saidOf('a', 'removed').length).toBeGreaterThan(0)
    expect(
      network.said.filter(({ by, state }) => by === 'a' && state !== 'checking' && state !== 'cleared'),
    ).toEqual([])
  })

  it('does not accuse those either who answer none of its requests', () => {
    const network = meshOf(4)
    // After a pause it waits longer before it calls anybody silent, and its requests fail meanwhile.
    network.freeze('a', 1_500)
    network.pass(1_600)
    network.cut(['b', 'c', 'd'], ['a'])
    for (let i = 0; i < 100; i++) {
      for (const peer of ['b', 'c', 'd']) network.of('a').unanswered(peer, network.now)
      network.pass(100)
    }
    expect(network.said.filter(({ by, state }) => by === 'a' && state === 'accused')).toEqual([])
  })

  it('of two cannot tell whether it or the other is sick: the other is removed after half a minute', () => {
    const network = meshOf(2)
    network.end('b', { closed: true })
    network.pass(RULES.aloneRemovesMs)
    expect(network.of('a').state).toBe('alone')
    expect(network.member('a', 'b')?.state).toBe('active')
    expect(network.saidOf('b', 'accused')).toEqual([])
    network.pass(10_000)
    expect(network.member('a', 'b')?.state).toBe('removed')
    // There is nobody to hear any more: it tries on.
    expect(network.of('a').wakeAt).toBeLessThan(network.now + 2_001)
  })
})

describe('a node that stood still', () => {
  it.each([2_000, 2_900])('for %i ms is not removed, and on waking accuses nobody', pauseMs => {
    const network = meshOf(4)
    for (let i = 0; i < 10; i++) {
      network.freeze('b', pauseMs)
      network.pass(pauseMs + 400)
    }
    network.pass(10_000)
    expect(network.said.filter(({ state }) => state === 'accused' || state === 'removed')).toEqual([])
    expect(network.said.filter(({ by }) => by === 'b')).toEqual([])
    expect(incarnationsIn(network)).toEqual([1, 1, 1, 1])
  })

  it('for a minute was removed, and returns as a new incarnation without accusing anybody', () => {
    const network = meshOf(4)
    network.freeze('b', 60_000)
    network.pass(60_000)
    expect(network.member('a', 'b')?.state).toBe('removed')
    network.pass(10_000)
    expect(network.said.filter(({ by, state }) => by === 'b' && state !== 'cleared')).toEqual([])
    for (const configuration of network.configurations)
      expect(
        configuration.members.map(({ id, state, incarnation }) => `${id} ${state} ${incarnation}`),
      ).toEqual(['a active 1', 'b active 2', 'c active 1', 'd active 1'])
  })

  it('without doubt in itself would accuse the healthy', () => {
    const network = meshOf(4, { rules: { lateMs: Number.POSITIVE_INFINITY } })
    for (let i = 0; i < 10; i++) {
      network.freeze('b', 5_000)
      network.pass(5_400)
    }
    expect(network.said.filter(({ by, state }) => by === 'b' && state === 'checking').length).toBeGreaterThan(
      0,
    )
  })
})

describe('a node without a link to a neighbour yet, of the many that started with it', () => {
  const members = Array.from({ length: 40 }, (_, i) => memberOf(`n${i}`))

  it.each([
    ['is not alone as long as whoever let it in answers', true],
    ['is alone when nobody does', false],
  ])('%s', (_, answers) => {
    const health = new LocalHealth(RULES)
    const linked = new Set<string>()
    const random = new Random(1)
    const detector = new Detector({ self: 'n0', rules: RULES, health, linked, random, now: 0 })
    detector.follow(configurationOf(...members), 0)
    const stranger = members.find(({ id }) => id !== 'n0' && !detector.neighbours.has(id))?.id as string
    linked.add(stranger)
    let seq = 0
    for (let now = 0; now < 2 * RULES.silenceMs; now += 50) {
      health.stepped(now, now)
      for (const output of detector.tick({ now, wall: now })) {
        if (output.kind !== 'send' || output.message.kind !== 'beat') continue
        expect([output.to, output.message.urgent]).toEqual([stranger, true])
        const echo = { kind: 'beat', seq: ++seq, echo: output.message.seq, urgent: false } as const
        if (answers) detector.receive(stranger, echo, now)
      }
    }
    expect(detector.alone(2 * RULES.silenceMs)).toBe(!answers)
  })
})
