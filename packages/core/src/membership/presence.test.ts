import { author, Configuration, type Member, memberRecord, tombstone } from '@cachemesh/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TIMES } from '../limits/limits.ts'
import { attributesAt, configurationOf, MESH, memberOf } from '../testing/members.ts'
import { type Attributes, Presence } from './presence.ts'

const HERE = attributesAt('/ip4/me/tcp/1')

interface Wanted {
  readonly state: 'joining' | 'active'
  readonly attributes: Attributes
  readonly incarnation: number
}

/** What a node that had written so many incarnations before has to write. */
function claim(configuration: Configuration, { state, attributes, incarnation }: Wanted): Member | undefined {
  return new Presence('me', attributes, incarnation).claim(configuration, state, 1)
}

function claimed(known: Member | undefined, wanted: Partial<Wanted> = {}): Member | undefined {
  const configuration = known ? configurationOf(known) : Configuration.empty(MESH)
  return claim(configuration, { state: 'active', attributes: HERE, incarnation: 0, ...wanted })
}

const me = (fields: Partial<Member> = {}): Member => memberOf('me', { ...HERE, ...fields })

describe('a node claims', () => {
  it('nothing when the configuration says what is true', () => {
    expect(claimed(me())).toBeUndefined()
    expect(claimed(me({ incarnation: 9 }), { incarnation: 9 })).toBeUndefined()
    expect(claimed(me({ state: 'joining' }), { state: 'joining' })).toBeUndefined()
    // It is known as active from the life before: a step back is not possible.
    expect(claimed(me(), { state: 'joining' })).toBeUndefined()
    const gateways = { http: 'http://a', memcached: 'a:11211' }
    const turned = { memcached: 'a:11211', http: 'http://a' }
    expect(claimed(me({ gateways }), { attributes: { ...HERE, gateways: turned } })).toBeUndefined()
  })

  it('its record when it has none, above any that it wrote before', () => {
    expect(claimed(undefined, { state: 'joining' })).toEqual(me({ state: 'joining' }))
    expect(claimed(undefined, { incarnation: 4 })).toMatchObject({ incarnation: 5 })
  })

  it('the step from joining to active within one incarnation', () => {
    expect(claimed(me({ state: 'joining', incarnation: 3, since: 1 }))).toEqual(
      me({ state: 'active', incarnation: 3, since: 1 }),
    )
  })

  it.each(['left', 'removed'] as const)('a new incarnation when it is said to have been %s', state => {
    const known = tombstone(me({ incarnation: 3 }), state)
    expect(claimed(known)).toMatchObject({ state: 'active', incarnation: 4, since: 2 })
  })

  it('a new incarnation when its attributes changed', () => {
    const changes = [
      { weight: 2 },
      { zone: 'b' },
      { addresses: [] },
      { software: 'x' },
      { gateways: { http: 'b' } },
    ]
    for (const change of changes) {
      expect(claimed(me({ incarnation: 3 }), { attributes: { ...HERE, ...change } })).toMatchObject({
        ...change,
        incarnation: 4,
        since: 2,
      })
    }
  })

  it('a new incarnation when the configuration forgot one that it wrote', () => {
    expect(claimed(me({ incarnation: 2 }), { incarnation: 5 })).toMatchObject({ incarnation: 6 })
  })

  it('what then is true, whatever was said of it before', () => {
    const anyKnown = fc.record({
      incarnation: fc.nat(5),
      state: fc.constantFrom('joining', 'active', 'left', 'removed'),
      weight: fc.constantFrom(0, 1),
    })
    fc.assert(
      fc.property(
        fc.option(anyKnown, { nil: undefined }),
        fc.nat(5),
        fc.constantFrom('joining', 'active'),
        (known, incarnation, state) => {
          const member = known && me({ ...known, state: 'active' })
          const gone = known?.state === 'left' || known?.state === 'removed'
          const record =
            member && (gone ? tombstone(member, known.state as 'left') : { ...member, state: known!.state })
          const before = record ? configurationOf(record as Member) : Configuration.empty(MESH)
          const wanted = { state, attributes: HERE, incarnation } as const
          const first = claim(before, wanted)
          if (first === undefined) return
          expect(first.incarnation).toBeGreaterThanOrEqual(record?.incarnation ?? 0)
          const after = author(before, [memberRecord(first)], 1)
          expect(after.member('me')).toMatchObject(HERE)
          expect(claim(after, { ...wanted, incarnation: first.incarnation })).toBeUndefined()
        },
      ),
    )
  })
})

describe('another process of the same identity', () => {
  /** A node that has written its first claim. */
  function present(): Presence {
    const presence = new Presence('me', HERE, 0)
    presence.wrote(presence.claim(Configuration.empty(MESH), 'active', 1) as Member)
    return presence
  }

  it('is one that answers again and again', () => {
    const presence = present()
    for (let incarnation = 2; incarnation <= 8; incarnation += 2) {
      expect(presence.doubled).toBe(false)
      const theirs = configurationOf(me({ incarnation, addresses: ['/ip4/them/tcp/1'] }))
      presence.wrote(presence.claim(theirs, 'active', incarnation) as Member)
    }
    expect(presence.doubled).toBe(true)
  })

  it('is not a claim of an earlier life, which is as true, in however many configurations', () => {
    const presence = present()
    for (let other = 1; other < 9; other++) {
      const configuration = configurationOf(me({ incarnation: 2 }), memberOf(`other-${other}`))
      expect(presence.claim(configuration, 'active', other)).toBeUndefined()
    }
    expect(presence.doubled).toBe(false)
  })
})

describe('a node that is removed again and again', () => {
  const here = () => new Presence('me', HERE, 0)
  const gone = (incarnation: number) => tombstone(me({ incarnation }), 'removed')
  const others = memberOf('p', { state: 'active' })

  it('owns nothing for longer and longer, and something again when the wait is over', () => {
    const presence = here()
    const states: string[] = []
    let incarnation = 1
    let now = 1
    for (let times = 1; times <= 4; times++, now += 5_000) {
      const claim = presence.claim(configurationOf(gone(incarnation), others), 'active', now) as Member
      states.push(claim.state)
      presence.wrote(claim)
      incarnation = claim.incarnation
      const current = configurationOf(claim, others)
      if (claim.state === 'active') continue
      expect(presence.wakeAt).toBe(now + TIMES.returnMinMs * 2 ** (times - 3))
      expect(presence.claim(current, 'active', now)).toBeUndefined()
      const later = presence.claim(current, 'active', presence.wakeAt)
      expect(later).toEqual({ ...claim, state: 'active' })
      presence.wrote(later as Member)
      expect(presence.wakeAt).toBe(Number.POSITIVE_INFINITY)
    }
    expect(states).toEqual(['active', 'active', 'joining', 'joining'])
  })

  it('waits for nobody when nobody else could own its keys', () => {
    const presence = here()
    for (let incarnation = 1; incarnation <= 12; incarnation += 2) {
      const claim = presence.claim(configurationOf(gone(incarnation)), 'active', incarnation) as Member
      expect(claim.state).toBe('active')
      presence.wrote(claim)
    }
  })
})
