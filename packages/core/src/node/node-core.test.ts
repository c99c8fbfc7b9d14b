import { digestPrefix, type ErrorCode, hashKey, merge, tombstone } from '@cachemesh/protocol'
import { describe, expect, it } from 'vitest'
import { packConfiguration, unpackConfiguration } from '../configuration/packed.ts'
import { TIMES } from '../limits/limits.ts'
import { dials, HERE, Life, ofKind, sent, WALL } from '../testing/life.ts'
import { attributesAt, configurationOf, MESH, memberOf } from '../testing/members.ts'
import type { Output } from './output.ts'

const PERSIST_WAIT_MS = 1_000

describe('a node without seeds', () => {
  it('founds a mesh at once: it is active, owns everything and says so', () => {
    const life = new Life()
    const outputs = life.start()
    expect(life.states).toEqual(['active'])
    expect(life.me).toMatchObject({ ...HERE, state: 'active', incarnation: 1, since: 1 })
    expect(life.node.configuration.version).toMatchObject({ serial: 1, timestamp: WALL + 1 })
    expect(life.node.placement.owns(hashKey('any'))).toBe(true)
    expect(ofKind(outputs, 'configuration')).toEqual([
      { kind: 'configuration', configuration: life.node.configuration },
    ])
    expect(ofKind(outputs, 'announce')).toHaveLength(1)
    expect(life.node.stamp).toMatchObject({
      serial: 1,
      digestPrefix: digestPrefix(life.node.configuration.version),
    })
  })

  it('says nothing of itself before it knows what', () => {
    const life = new Life()
    const outputs = [...life.step({ kind: 'tick' }), ...life.pass(20_000)]
    expect(outputs).toEqual([])
    expect(life.node.configuration.version.serial).toBe(0)
    life.start()
    expect(life.states).toEqual(['active'])
  })

  it('gathers changes, and keeps the configuration in the reserved partition', () => {
    const life = new Life()
    const outputs = life.start()
    life.now += 50
    outputs.push(...life.step({ kind: 'attributes', attributes: { ...HERE, weight: 2 } }))
    expect(ofKind(outputs, 'persist')).toEqual([])
    const kept = ofKind(life.pass(100), 'persist')
    expect(kept).toHaveLength(1)
    const { configuration, store } = life.node
    expect(store.reserved.get('configuration')).toBe(kept[0]?.bytes)
    expect(unpackConfiguration(kept[0]!.bytes, MESH).version).toEqual(configuration.version)
    // Nothing more is written while nothing changes.
    expect(ofKind(life.pass(60_000), 'persist')).toEqual([])
  })
})

describe('a higher serial of the same text', () => {
  it('is in every frame and kept, and no change to tell anybody of', () => {
    const life = new Life()
    life.start()
    life.step({ kind: 'link-up', peer: 'p' })
    life.pass(PERSIST_WAIT_MS)
    const { version } = life.node.configuration
    const outputs = life.hear('p', { kind: 'version', version: { ...version, serial: version.serial + 7 } })
    expect(life.node.configuration.version.serial).toBe(version.serial + 7)
    expect(life.node.stamp.serial).toBe(version.serial + 7)
    expect(ofKind(outputs, 'configuration')).toEqual([])
    expect(ofKind(life.pass(PERSIST_WAIT_MS), 'persist')).toHaveLength(1)
  })
})

describe('a node with seeds', () => {
  const mesh = configurationOf(memberOf('p'), memberOf('q'))

  it('joins when it has compared configurations, and then is active', () => {
    const life = new Life({ seeds: ['p:1'] })
    expect(dials(life.start())).toEqual(['p:1'])
    expect(life.me?.state).toBe('joining')
    expect(life.node.placement.owns(hashKey('any'))).toBe(false)
    expect(sent(life.step({ kind: 'link-up', peer: 'p' }))).toEqual(['pull to p'])
    life.step({ kind: 'dialled', contact: 'p:1', peer: 'p' })
    expect([life.node.state, life.node.joined]).toEqual(['joining', false])
    const outputs = life.hearOf('p', mesh)
    expect(life.states).toEqual(['active'])
    expect(life.node.configuration.members.map(({ id, state }) => `${id} ${state}`)).toEqual([
      'me active',
      'p active',
      'q active',
    ])
    expect(life.me?.incarnation).toBe(1)
    // One answered, and of the other it has just heard.
    expect(dials([...outputs, ...life.pass(TIMES.dialHeadStartMs)])).toEqual(['q'])
  })

  it('serves alone when none answers in time, keeps trying, and joins when one does', () => {
    const life = new Life({ seeds: ['p:1'] })
    life.start()
    life.pass(TIMES.aloneAfterMs - 2)
    expect(life.states).toEqual([])
    life.pass(2)
    expect(life.states).toEqual(['active', 'alone'])
    expect(life.node.joined).toBe(false)
    life.step({ kind: 'dial-failed', contact: 'p:1', code: 'ERR_UNREACHABLE' })
    expect(dials(life.pass(TIMES.redialMaxMs))).toEqual(['p:1'])
    life.step({ kind: 'link-up', peer: 'p' })
    life.hearOf('p', mesh)
    expect(life.states).toEqual(['active', 'alone', 'active'])
    expect(life.node.configuration.members).toHaveLength(3)
  })

  it('is alone when all its links are down, and active when one is up again', () => {
    const life = new Life({ seeds: ['p:1'] })
    life.start()
    life.step({ kind: 'link-up', peer: 'p' })
    life.hearOf('p', mesh)
    life.step({ kind: 'link-down', peer: 'p' })
    expect(life.states).toEqual(['active', 'alone'])
    life.step({ kind: 'link-up', peer: 'q' })
    expect(life.states).toEqual(['active', 'alone', 'active'])
  })

  it.each(['ERR_ADMISSION_REFUSED', 'ERR_WRONG_MESH'] as const)(
    'never founds a mesh beside one that refuses it: %s',
    code => {
      const life = new Life({ seeds: ['p:1', 'q:1'] })
      const refuse = (outputs: readonly Output[]): string[] =>
        dials(outputs).flatMap(contact => [
          contact,
          // One that refuses has the next one dialled.
          ...refuse(life.step({ kind: 'dial-failed', contact, code })),
        ])
      refuse(life.start())
      let attempts = 0
      for (let i = 0; i < 200; i++) attempts += refuse(life.pass(1_000)).length + 1
      expect(attempts).toBeGreaterThan(100)
      expect([life.node.state, life.node.refused, life.node.joined]).toEqual(['joining', true, false])
      expect(life.states).toEqual([])
      // The key was set right: it joins without a restart.
      life.step({ kind: 'link-up', peer: 'p' })
      life.hearOf('p', mesh)
      expect(life.states).toEqual(['active'])
    },
  )

  it('founds none either when the other one of its seeds is its own address', () => {
    const life = new Life({ seeds: ['me:1', 'p:1'] })
    life.start()
    expect(life.node.seeds).toBe(2)
    life.step({ kind: 'dialled', contact: 'me:1', peer: 'me' })
    expect([life.node.seeds, life.node.refused]).toEqual([1, false])
    life.step({ kind: 'dial-failed', contact: 'p:1', code: 'ERR_WRONG_MESH' })
    expect(life.node.refused).toBe(true)
    for (let i = 0; i < 20; i++) {
      for (const contact of dials(life.pass(1_000)))
        life.step({ kind: 'dial-failed', contact, code: 'ERR_WRONG_MESH' })
    }
    expect([life.states, life.node.refused]).toEqual([[], true])
  })

  it('founds one when a seed refuses it no more and is only gone', () => {
    const life = new Life({ seeds: ['p:1'] })
    let code: ErrorCode = 'ERR_ADMISSION_REFUSED'
    const fail = (outputs: readonly Output[]): void => {
      for (const contact of dials(outputs)) life.step({ kind: 'dial-failed', contact, code })
    }
    fail(life.start())
    for (let i = 0; i < 20; i++) fail(life.pass(1_000))
    code = 'ERR_UNREACHABLE'
    for (let i = 0; i < 20; i++) fail(life.pass(1_000))
    expect(life.states).toEqual(['active', 'alone'])
  })

  it('founds one when it is the only seed itself', () => {
    const life = new Life({ seeds: ['me:1'] })
    life.start()
    life.step({ kind: 'dialled', contact: 'me:1', peer: 'me' })
    expect(life.states).toEqual(['active'])
    expect([life.node.seeds, life.node.refused]).toEqual([0, false])
    expect(dials(life.pass(60_000))).toEqual([])
  })
})

describe('a node that is told of its end', () => {
  it.each(['removed', 'left'] as const)('returns with a higher incarnation: %s', state => {
    const life = new Life()
    life.start()
    life.step({ kind: 'link-up', peer: 'p' })
    const gone = tombstone(life.me!, state)
    const theirs = merge(life.node.configuration, configurationOf(gone, memberOf('p')))
    const { serial } = theirs.version
    const outputs = life.hearOf('p', theirs)
    expect(life.me).toMatchObject({ ...HERE, state: 'active', incarnation: 2 })
    expect(life.me?.since).toBeGreaterThan(gone.since)
    expect(life.node.configuration.member('p')?.state).toBe('active')
    expect(life.node.configuration.version.serial).toBe(serial + 1)
    expect(ofKind(outputs, 'announce').length).toBeGreaterThan(0)
    expect(life.node.state).toBe('active')
    // Old news of its end hurt the new incarnation no more.
    life.hearOf('p', theirs)
    expect(life.me?.incarnation).toBe(2)
  })
})

describe('a node that restarts', () => {
  const remembered = configurationOf(memberOf('me', { ...HERE, incarnation: 3 }), memberOf('p'))

  it('shows what it remembers before anything happens', () => {
    const life = new Life({ seeds: ['s:1'], remembered })
    const { node } = life
    expect(node.configuration).toBe(remembered)
    expect(node.placement.ring.members).toEqual(['me', 'p'])
    expect(node.stamp).toMatchObject({ serial: 1, digestPrefix: digestPrefix(remembered.version) })
    expect(node.store.reserved.get('configuration')).toEqual(packConfiguration(remembered))
    expect(dials(life.start()).sort()).toEqual(['p', 's:1'])
    // Its record says what is true already.
    expect(life.me?.incarnation).toBe(3)
    expect(node.configuration).toBe(remembered)
  })

  it('finds its mesh without a seed, and does not found another before it has tried', () => {
    const life = new Life({ remembered })
    life.start()
    expect(life.node.state).toBe('joining')
    life.step({ kind: 'link-up', peer: 'p' })
    life.hear('p', { kind: 'version', version: remembered.version })
    expect(life.states).toEqual(['active'])
  })

  it('comes back after it left', () => {
    const left = configurationOf(tombstone(memberOf('me', { incarnation: 3 }), 'left'))
    const life = new Life({ remembered: left })
    life.start()
    expect(life.me).toMatchObject({ state: 'active', incarnation: 4 })
  })

  it('without its memory takes over the incarnation that the mesh knows, and at another address a new one', () => {
    for (const [address, incarnation] of [
      ['/ip4/me/tcp/1', 3],
      ['/ip4/elsewhere/tcp/1', 4],
    ] as const) {
      const life = new Life({ seeds: ['p:1'] })
      const attributes = attributesAt(address)
      life.step({ kind: 'attributes', attributes })
      life.step({ kind: 'link-up', peer: 'p' })
      life.hearOf('p', remembered)
      expect(life.me).toMatchObject({ ...attributes, state: 'active', incarnation })
    }
  })
})

describe('a node that leaves', () => {
  function left(): { life: Life; outputs: Output[] } {
    const life = new Life({ seeds: ['p:1'] })
    life.start()
    for (const peer of ['p', 'q']) life.step({ kind: 'link-up', peer })
    life.hearOf('p', configurationOf(memberOf('p'), memberOf('q')))
    life.pass(1_000)
    return { life, outputs: life.step({ kind: 'leave' }) }
  }

  it('tells everybody, each peer by itself, and keeps what it said', () => {
    const { life, outputs } = left()
    expect(life.me).toEqual(tombstone(memberOf('me'), 'left'))
    expect(life.node.state).toBe('left')
    expect(ofKind(outputs, 'announce')).toHaveLength(1)
    expect(sent(outputs)).toEqual(
      expect.arrayContaining(['delta to p', 'goodbye to p', 'delta to q', 'goodbye to q']),
    )
    // The last word to each is the goodbye.
    for (const peer of ['p', 'q'])
      expect(sent(outputs).findLast(word => word.endsWith(peer))).toBe(`goodbye to ${peer}`)
    const [kept] = ofKind(outputs, 'persist')
    expect(unpackConfiguration(kept!.bytes, MESH).member('me')?.state).toBe('left')
    expect(life.node.placement.ring.members).toEqual(['p', 'q'])
  })

  it('stays gone: it dials nobody, claims nothing and wants no tick at once', () => {
    const { life } = left()
    life.step({ kind: 'link-down', peer: 'p' })
    life.step({ kind: 'link-down', peer: 'q' })
    const outputs = [...life.step({ kind: 'leave' }), ...life.pass(60_000)]
    expect(dials(outputs)).toEqual([])
    expect(ofKind(outputs, 'persist')).toEqual([])
    expect(ofKind(outputs, 'state')).toEqual([])
    life.hearOf('p', configurationOf(memberOf('me', { ...HERE, incarnation: 1 }), memberOf('r')))
    expect(life.me).toEqual(tombstone(memberOf('me'), 'left'))
    life.step({ kind: 'attributes', attributes: { ...HERE, weight: 9 } })
    expect(life.me).toEqual(tombstone(memberOf('me'), 'left'))
    expect(life.node.state).toBe('left')
  })

  it('before it joined just stops', () => {
    const life = new Life({ seeds: ['p:1'] })
    expect(life.step({ kind: 'leave' })).toContainEqual({ kind: 'state', state: 'left' })
    expect(dials(life.pass(60_000))).toEqual([])
  })
})
