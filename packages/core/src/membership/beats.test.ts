import type { Message } from '@cachemesh/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Beats } from './beats.ts'

type Beat = Message & { kind: 'beat' }

function beatOf(beats: Beats, to: string): Beat {
  beats.nextRound()
  return beats.beat(to, false) as Beat
}

/** A number of `a` went to `b` and came back, in a beat that is returned. */
function roundTrip(a: Beats, b: Beats): Beat {
  b.receive('a', beatOf(a, 'b'), 0)
  return beatOf(b, 'a')
}

describe('a beat', () => {
  it('proves a round trip when it repeats a number for the first time', () => {
    const [a, b] = [new Beats(0), new Beats(0)]
    const first = beatOf(a, 'b')
    expect(first).toEqual({ kind: 'beat', seq: 1, echo: 0, urgent: false })
    // It came one way: that proves nothing.
    expect(b.receive('a', first, 5)).toBe(false)
    expect(b.provenAt('a')).toBeUndefined()
    const answer = beatOf(b, 'a')
    expect(answer).toMatchObject({ seq: 1, echo: 1 })
    expect(a.receive('b', answer, 7)).toBe(true)
    expect([a.provenAt('b'), a.lastProofAt]).toEqual([7, 7])
    expect(b.receive('a', beatOf(a, 'b'), 9)).toBe(true)
  })

  it('proves nothing when it comes again, or was recorded before', () => {
    const [a, b] = [new Beats(0), new Beats(0)]
    const old = roundTrip(a, b)
    expect(a.receive('b', old, 1)).toBe(true)
    const newer = roundTrip(a, b)
    expect(a.receive('b', newer, 2)).toBe(true)
    for (const replayed of [newer, old, newer, old]) expect(a.receive('b', replayed, 9)).toBe(false)
    expect(a.provenAt('b')).toBe(2)
  })

  it('proves nothing with a number that was never sent', () => {
    const a = new Beats(0)
    beatOf(a, 'b')
    expect(a.receive('b', { kind: 'beat', seq: 1, echo: 2, urgent: false }, 1)).toBe(false)
    expect(a.receive('b', { kind: 'beat', seq: 2, echo: 2 ** 53 - 1, urgent: false }, 1)).toBe(false)
    expect(a.receive('b', { kind: 'beat', seq: 3, echo: 1, urgent: false }, 1)).toBe(true)
  })

  it('proves nothing with a number that an earlier life of this node sent', () => {
    const [before, b] = [new Beats(0), new Beats(0)]
    for (let i = 0; i < 50; i++) roundTrip(before, b)
    const again = new Beats(0)
    b.restart('a')
    expect(again.receive('b', beatOf(b, 'a'), 1)).toBe(false)
    expect(again.receive('b', roundTrip(again, b), 2)).toBe(true)
  })

  it('of a peer that started anew proves again after one more, though a beat of its earlier life comes late', () => {
    const [a, before] = [new Beats(0), new Beats(0)]
    for (let i = 0; i < 1_000; i++) roundTrip(before, a)
    const late = beatOf(before, 'a')
    const b = new Beats(0)
    a.restart('b')
    a.receive('b', late, 0)
    expect(b.receive('a', beatOf(a, 'b'), 1)).toBe(false)
    a.receive('b', beatOf(b, 'a'), 2)
    expect(b.receive('a', beatOf(a, 'b'), 3)).toBe(true)
  })

  it('of a peer that was forgotten proves nothing with a number from before', () => {
    const [a, b] = [new Beats(0), new Beats(0)]
    const [old, last] = [roundTrip(a, b), roundTrip(a, b)]
    a.receive('b', old, 1)
    a.forget('b')
    expect(a.receive('b', last, 9)).toBe(false)
    expect(a.provenAt('b')).toBeUndefined()
    a.forget('b')
    // What is sent from now on does, also to one that nobody expects anything of.
    expect(a.receive('b', roundTrip(a, b), 10)).toBe(true)
  })

  it('that is expected measures silence, and is no proof', () => {
    const beats = new Beats(0)
    beats.expect('b', 5)
    beats.expect('b', 3)
    expect([beats.silentSince('b'), beats.provenAt('b')]).toEqual([5, undefined])
    expect([...beats.heardSince(0)]).toEqual([])
    expect(beats.provenSince(0, '')).toBe(false)
    const b = new Beats(0)
    beats.receive('b', roundTrip(beats, b), 4)
    expect([beats.silentSince('b'), beats.provenAt('b')]).toEqual([5, 4])
    expect([beats.provenSince(4, ''), beats.provenSince(5, ''), beats.provenSince(4, 'b')]).toEqual([
      true,
      false,
      false,
    ])
  })

  it('proves exactly what came both ways after it was sent, however beats get lost, repeated and reordered', () => {
    const act = fc.tuple(fc.constantFrom('a beats', 'b beats', 'to a', 'to b', 'again'), fc.nat(7))
    fc.assert(
      fc.property(fc.array(act, { maxLength: 80 }), acts => {
        const [a, b] = [new Beats(0), new Beats(0)]
        const [toA, toB]: [Beat[], Beat[]] = [[], []]
        let [now, provenTo] = [0, 0]
        for (const [kind, place] of acts) {
          now++
          if (kind === 'a beats') toB.push(beatOf(a, 'b'))
          else if (kind === 'b beats') toA.push(beatOf(b, 'a'))
          else if (kind === 'to b' && toB.length > 0) b.receive('a', toB[place % toB.length] as Beat, now)
          else if (kind === 'again' && toA.length > 0) toA.push(toA[place % toA.length] as Beat)
          else if (kind === 'to a' && toA.length > 0) {
            const beat = toA[place % toA.length] as Beat
            // Every number of `a` came to `b` before `b` repeated it; news is one beyond all that proved before.
            expect(a.receive('b', beat, now)).toBe(beat.echo > provenTo)
            if (beat.echo > provenTo) expect(a.provenAt('b')).toBe(now)
            provenTo = Math.max(provenTo, beat.echo)
          }
        }
      }),
    )
  })
})
