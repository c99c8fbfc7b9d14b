import { tombstone } from '@cachemesh/protocol'
import { describe, expect, it } from 'vitest'
import { BOUNDS, TIMES } from '../limits/limits.ts'
import { configurationOf, memberOf } from '../testing/members.ts'
import { Absent } from './absent.ts'
import type { Contact } from './contacts.ts'

const contactOf = (id: string): Contact => ({ name: id, addresses: memberOf(id).addresses, peer: id })

function seekingOf(...ids: readonly string[]): { absent: Absent; linked: Set<string> } {
  const linked = new Set<string>()
  return { absent: new Absent(ids.map(contactOf), linked, 1), linked }
}

/** Whom it dials within so long, and when. */
function dialled(absent: Absent, from: number, ms: number): [number, string][] {
  const all: [number, string][] = []
  for (let now = from; now < from + ms; now += 100) {
    const contact = absent.due(now)
    if (contact !== undefined) all.push([now, contact.name])
  }
  return all
}

describe('members that were removed', () => {
  it('are dialled in turn, one each two seconds, without an end', () => {
    const { absent } = seekingOf('a', 'b', 'c')
    expect(dialled(absent, 1, 5 * TIMES.absentDialMs)).toEqual([
      [1, 'a'],
      [2_001, 'b'],
      [4_001, 'c'],
      [6_001, 'a'],
      [8_001, 'b'],
    ])
    expect(dialled(absent, 1e9, 1)).toEqual([[1e9, 'c']])
  })

  it('are kept with their addresses when the configuration removes them, told once, and not sought when they return', () => {
    const { absent } = seekingOf()
    absent.update(configurationOf(memberOf('me'), memberOf('a'), memberOf('b', { state: 'joining' })), 'me')
    expect([absent.takeChange(), absent.wakeAt]).toEqual([false, Number.POSITIVE_INFINITY])
    absent.update(
      configurationOf(tombstone(memberOf('me'), 'removed'), tombstone(memberOf('a'), 'removed')),
      'me',
    )
    // The other is absent without a tombstone: that was dropped before this node saw it.
    expect(absent.contacts).toEqual([contactOf('a'), contactOf('b')])
    expect([absent.takeChange(), absent.takeChange()]).toEqual([true, false])
    absent.update(configurationOf(memberOf('a', { incarnation: 2, since: 2 })), 'me')
    expect(absent.contacts).toEqual([contactOf('b')])
    expect(absent.takeChange()).toBe(true)
  })

  it('are forgotten when they have left', () => {
    const { absent } = seekingOf('x')
    absent.update(configurationOf(memberOf('a'), memberOf('b')), 'me')
    absent.update(configurationOf(tombstone(memberOf('a'), 'left'), memberOf('b')), 'me')
    expect(absent.contacts).toEqual([contactOf('x')])
    absent.update(configurationOf(tombstone(memberOf('x'), 'left'), memberOf('b')), 'me')
    expect(absent.contacts).toEqual([])
  })

  it('are not dialled while they are linked; when all are it dials nobody and goes on', () => {
    const { absent, linked } = seekingOf('a', 'b')
    linked.add('a')
    expect(dialled(absent, 1, 6_000).map(([, name]) => name)).toEqual(['b', 'b', 'b'])
    linked.add('b')
    expect(dialled(absent, 10_000, 10_000)).toEqual([])
    expect(absent.wakeAt).toBeGreaterThan(19_000)
    linked.clear()
    expect(dialled(absent, 30_000, 100)).toHaveLength(1)
  })

  it('are at most a thousand: those dialled longest ago go first', () => {
    const { absent } = seekingOf()
    const ids = Array.from({ length: BOUNDS.absentMax + 5 }, (_, i) => `n${String(i).padStart(4, '0')}`)
    absent.update(configurationOf(...ids.map(id => memberOf(id))), 'me')
    absent.update(configurationOf(memberOf('me')), 'me')
    expect(absent.contacts).toHaveLength(BOUNDS.absentMax)
    expect(absent.contacts[0]?.name).toBe('n0005')
  })
})
