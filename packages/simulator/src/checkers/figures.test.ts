import type { Configuration } from '@cachemesh/protocol'
import { describe, expect, it } from 'vitest'
import { around, between, Paths } from '../network/paths.ts'
import { EMPTY, holding, hostOf, memberOf, steps } from '../testing/hosts.ts'
import type { Host } from '../world/host.ts'
import { Detection } from './detection.ts'
import { Healing } from './healing.ts'
import { Removals } from './removals.ts'

function hostsOf(count: number, remembered?: Configuration): [Host, Host, Host] {
  return Array.from({ length: count }, (_, index) => hostOf(index, [], remembered)) as [Host, Host, Host]
}

const WHOLE = holding(EMPTY, ...[0, 1, 2].map(index => memberOf(`host-${index}`)))

function without(...indices: number[]): Configuration {
  const tombstones = indices.map(index => memberOf(`host-${index}`, { state: 'removed', weight: 0 }))
  return holding(WHOLE, ...tombstones)
}

describe('a removal', () => {
  /** What is counted when host 0 removes host 2 at 20 s. */
  function judged(before: (removals: Removals, hosts: [Host, Host, Host]) => void) {
    const hosts = hostsOf(3)
    const removals = new Removals(hosts, 'forbidden')
    before(removals, hosts)
    const wrong = steps(removals, { host: hosts[0], before: WHOLE, after: without(2), now: 20_000 })
    const { all, falseOnes, falseOfSick } = removals
    return { all, falseOnes, falseOfSick, wrong: wrong.length }
  }
  const justified = { all: 1, falseOnes: 0, falseOfSick: 0, wrong: 0 }
  const wrong = { all: 1, falseOnes: 1, falseOfSick: 0, wrong: 1 }

  it('of a process that runs and can be reached is false', () => {
    expect(judged(() => {})).toEqual(wrong)
  })

  it('of a process that has ended, or had until a moment ago, is none', () => {
    expect(judged((_, [, , victim]) => victim.stop())).toEqual(justified)
    const restarted =
      (at: number) =>
      (removals: Removals, [, , victim]: Host[]) => {
        victim!.life++
        removals.started(victim!, at)
      }
    expect(judged(restarted(19_000))).toEqual(justified)
    expect(judged(restarted(1_000))).toEqual(wrong)
  })

  it('of a process that stood still is none, of one that pauses is counted apart', () => {
    const frozenSince = (at: number) => (_: Removals, hosts: readonly Host[]) => {
      hosts[2]!.frozenSince = at
    }
    expect(judged(frozenSince(16_000))).toEqual(justified)
    expect(judged(frozenSince(18_500))).toEqual({ ...justified, falseOfSick: 1 })
  })

  it('across a cut is none, also shortly after it; over a way around it is false', () => {
    const cut = (healAt?: number) => (removals: Removals) => {
      const paths = new Paths()
      const heal = paths.add(around(new Set([2]), 'in'))
      removals.pathsChanged(paths, 1_000)
      if (healAt === undefined) return
      heal()
      removals.pathsChanged(paths, healAt)
    }
    expect(judged(cut())).toEqual(justified)
    expect(judged(cut(15_000))).toEqual(justified)
    expect(judged(cut(2_000))).toEqual(wrong)
    const pair = (removals: Removals) => {
      const paths = new Paths()
      paths.add(between(0, 2, 'both'))
      removals.pathsChanged(paths, 1_000)
    }
    expect(judged(pair)).toEqual(wrong)
    const bridgeDown = (removals: Removals, hosts: [Host, Host, Host]) => {
      hosts[1].stop()
      pair(removals)
    }
    expect(judged(bridgeDown)).toEqual(justified)
  })

  it('counts once, whoever hears of it', () => {
    const hosts = hostsOf(3)
    const removals = new Removals(hosts, undefined)
    steps(removals, { host: hosts[0], before: WHOLE, after: without(2) })
    steps(removals, { host: hosts[1], before: WHOLE, after: without(2) })
    expect(removals).toMatchObject({ all: 1, falseOnes: 1 })
  })
})

describe('detection', () => {
  it('is measured until the last of those who are there knows', () => {
    const hosts = hostsOf(3, WHOLE)
    const detection = new Detection(hosts, { withinMs: 5_000 })
    hosts[2].stop()
    detection.ended(hosts[2], 1_000, 'crash')
    steps(detection, { host: hosts[0], before: WHOLE, after: without(2), now: 3_000 })
    expect(detection.latencies).toEqual([])
    steps(detection, { host: hosts[1], before: WHOLE, after: without(2), now: 4_000 })
    expect(detection.latencies).toEqual([3_000])
    expect(detection.finished(90_000)).toEqual([])
  })

  it('says who never learnt of it', () => {
    const hosts = hostsOf(3, WHOLE)
    const detection = new Detection(hosts, { withinMs: 5_000 })
    hosts[2].stop()
    detection.ended(hosts[2], 1_000, 'power-loss')
    steps(detection, { host: hosts[0], before: WHOLE, after: without(2), now: 3_000 })
    expect(detection.finished(9_000)).toEqual(['host 2 is not removed at host 1 after 8000 ms'])
  })

  it('does not wait for who comes back, nor for whom a cut is healed, nor for who left', () => {
    const hosts = hostsOf(3, WHOLE)
    const detection = new Detection(hosts, { withinMs: 5_000, watchers: [0] })
    detection.ended(hosts[2], 1_000, 'crash')
    detection.started(hosts[2], 2_000)
    detection.ended(hosts[1], 2_000, 'graceful')
    const paths = new Paths()
    const heal = paths.add(around(new Set([0]), 'both'))
    detection.pathsChanged(paths, 3_000)
    heal()
    detection.pathsChanged(paths, 4_000)
    expect(detection.finished(90_000)).toEqual([])
  })

  it('counts members beyond a cut as gone, for those who watch', () => {
    const hosts = hostsOf(3, WHOLE)
    const detection = new Detection(hosts, { withinMs: 5_000, watchers: [0] })
    const paths = new Paths()
    paths.add(around(new Set([0]), 'both'))
    detection.pathsChanged(paths, 1_000)
    steps(detection, { host: hosts[0], before: WHOLE, after: without(1, 2), now: 4_500 })
    expect(detection.latencies).toEqual([3_500, 3_500])
  })
})

describe('healing', () => {
  it('finds a ring without a member of its own side', () => {
    const hosts = hostsOf(3, WHOLE)
    const healing = new Healing(hosts, { withinMs: 5_000 })
    const paths = new Paths()
    paths.add(around(new Set([0]), 'both'))
    healing.pathsChanged(paths, 1_000)
    expect(steps(healing, { host: hosts[0], before: WHOLE, after: without(1, 2) })).toEqual([])
    expect(steps(healing, { host: hosts[1], before: WHOLE, after: without(0, 2) })).toEqual([
      'its ring has 1 of the 2 hosts on its own side of the cut',
    ])
    expect(healing.smallestRing).toBe(0.5)
  })

  it('is over when all hold one text in which all live', () => {
    const hosts = hostsOf(3, WHOLE)
    const healing = new Healing(hosts, { withinMs: 5_000 })
    const paths = new Paths()
    const heal = paths.add(around(new Set([0]), 'both'))
    healing.pathsChanged(paths, 1_000)
    heal()
    healing.pathsChanged(paths, 2_000)
    // The hosts of this test hold the whole mesh, whatever is said to have changed.
    steps(healing, { host: hosts[0], before: without(1), after: WHOLE, now: 2_700 })
    expect(healing.latencies).toEqual([700])
    expect(healing.finished(9_000)).toEqual([])
  })

  it('says when it took too long, or never came', () => {
    const removed = hostsOf(3, without(2))
    const healing = new Healing(removed, { withinMs: 5_000 })
    const paths = new Paths()
    const heal = paths.add(around(new Set([0]), 'both'))
    healing.pathsChanged(paths, 1_000)
    heal()
    healing.pathsChanged(paths, 2_000)
    expect(healing.finished(9_000)).toEqual(['healed, and not one after 7000 ms'])
  })
})
