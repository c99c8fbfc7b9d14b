import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Configuration, type ConfigurationText } from './configuration.ts'
import { joinTexts } from './merge.ts'
import { memberRecord } from './record.ts'
import { MeshModel, type ModelNode, mergeBy, protocolRules, type Rules } from './testing/mesh-model.ts'
import { anySchedule, run, type Schedule } from './testing/schedule.ts'
import { compareVersions } from './version.ts'

// The model notes a fault when a serial goes back, a text changes without a greater serial, a serial outruns
// the changes that its document goes back to, or somebody whose end a node knew of lives again there.
describe('every schedule of loss, duplicates and reorder', () => {
  it('ends in one serial and digest, with all who live in it and nobody else', () => {
    fc.assert(
      fc.property(anySchedule({ nodes: 7, steps: 90 }), fc.nat(3), (schedule, keepMin) => {
        const mesh = run(schedule, protocolRules(keepMin))
        expect(mesh.quiesce()).toBe(true)
        mesh.checkAgreement()
        expect(mesh.faults).toEqual([])
      }),
      { numRuns: 150 },
    )
  })

  it('settles its labels within few merges of the last change, and no stale frame moves them for ever', () => {
    fc.assert(
      fc.property(anySchedule({ nodes: 6, steps: 90 }), schedule => {
        const mesh = run(schedule, protocolRules(0))
        mesh.quiesce()
        // Each hears from each other: once what is new, once perhaps a greater label.
        expect(mesh.labelsSinceAuthored).toBeLessThanOrEqual(2 * schedule.nodes ** 2)
        mesh.deliverAll()
        mesh.quiesce()
        const settled = mesh.living.map(node => node.document.version)
        for (let i = 0; i < 3; i++) mesh.deliverAll()
        expect(mesh.living.map(node => node.document.version)).toEqual(settled)
        mesh.checkAgreement()
        expect(mesh.faults).toEqual([])
      }),
      { numRuns: 150 },
    )
  })

  it('lets all return who were removed on the other side of a cut, with the next incarnation', () => {
    const mesh = startedMesh(6, protocolRules(1))
    mesh.quiesce()
    const sides = [mesh.nodes.slice(0, 3), mesh.nodes.slice(3)] as const
    for (const [side, others] of [sides, sides.toReversed()] as const) {
      for (const other of others) mesh.remove(side[0] as ModelNode, other)
      for (const node of side.slice(1)) mesh.hear(node, side[0] as ModelNode)
    }
    for (let i = 0; i < 50; i++) mesh.write(mesh.node(0), 'settings/a', i)
    expect(mesh.quiesce()).toBe(true)
    mesh.checkAgreement()
    expect(mesh.faults).toEqual([])
    // Those who merged first had to come back; the last to merge found itself already known again.
    expect(mesh.nodes.filter(node => node.incarnation > 1).length).toBeGreaterThanOrEqual(3)
  })

  it('costs one serial per change when one follows the other', () => {
    const mesh = startedMesh(4, protocolRules(0))
    mesh.quiesce()
    const { serial } = mesh.node(0).document.version
    for (let i = 0; i < 10; i++) {
      mesh.write(mesh.node(i), 'settings/a', i)
      mesh.quiesce()
    }
    expect(mesh.node(0).document.version.serial).toBe(serial + 10)
  })

  it('costs one serial to remove a member, though its tombstone is older than the horizon', () => {
    const mesh = startedMesh(3, protocolRules(0))
    mesh.quiesce()
    const rules = mesh.rules
    for (const node of mesh.nodes) {
      const { document } = node
      const { serial, timestamp } = document.version
      node.document = Configuration.of({ ...document, horizon: serial }, { serial, timestamp })
    }
    const before = mesh.node(0).document
    mesh.crash(mesh.node(2))
    mesh.remove(mesh.node(0), mesh.node(2))
    const after = mesh.node(0).document
    expect(after.version.serial).toBe(before.version.serial + 1)
    expect(mergeBy(rules, before, after).version).toEqual(after.version)
    expect(mergeBy(rules, after, before).version).toEqual(after.version)
  })
})

const protocol = protocolRules(0)

/** The rules that look right and are not: what each does wrong, and the shortest story in which it does. */
const OTHER_RULES: readonly {
  readonly name: string
  readonly rules: Rules
  readonly fault: string
  readonly story: (mesh: MeshModel, one: ModelNode, other: ModelNode, third: ModelNode) => void
}[] = [
  {
    name: 'a bound on tombstones without a horizon brings the dead back',
    rules: { ...protocol, compact: text => ({ ...protocol.compact(text), horizon: 0 }) },
    fault: 'somebody came back from the dead',
    story: (mesh, one, sleeper, dead) => {
      mesh.crash(dead)
      mesh.remove(one, dead) // and the tombstone is dropped at once
      mesh.hear(one, sleeper)
    },
  },
  {
    name: 'the greater of both serials as label changes a text under one serial',
    rules: {
      ...protocol,
      label: (mine, theirs) => ({
        serial: Math.max(mine.serial, theirs.serial),
        timestamp: Math.max(mine.timestamp, theirs.timestamp),
      }),
    },
    fault: 'a text changed under one serial',
    story: (mesh, one, other) => {
      mesh.write(one, 'settings/a', 1)
      mesh.write(other, 'settings/b', 1)
      mesh.hear(one, other)
    },
  },
  {
    name: 'one more for every difference climbs with every stale frame',
    rules: {
      ...protocol,
      label: (mine, theirs, joined) => {
        const { serial, timestamp } = protocol.label(mine, theirs, joined)
        return mine.digest === theirs.digest
          ? { serial, timestamp }
          : { serial: Math.max(mine.serial, theirs.serial) + 1, timestamp }
      },
    },
    fault: 'a serial outran the changes',
    story: (mesh, one, other) => {
      mesh.write(one, 'settings/a', 1)
      for (let i = 0; i < 9; i++) mesh.hear(one, other)
    },
  },
  {
    name: 'the higher document wins loses what the lower one says',
    rules: {
      ...protocol,
      join: (mine, theirs) => (compareVersions(theirs.version, mine.version) > 0 ? theirs : mine),
      label: (mine, theirs, joined) => (joined === mine.digest ? mine : theirs),
    },
    fault: 'a write is lost',
    story: (mesh, one, other) => {
      mesh.write(one, 'settings/a', 1)
      mesh.write(other, 'settings/b', 1)
      mesh.write(other, 'settings/b', 2)
      mesh.hear(one, other)
    },
  },
]

describe('another rule', () => {
  for (const { name, rules, fault, story } of OTHER_RULES) {
    it(name, () => {
      expect(faultsInStory(rules, story)).toContain(fault)
      expect(faultsInStory(protocol, story)).toEqual([])
      // The schedules above would not have passed with it either.
      expect(faultsInSchedules(rules)).toContain(fault)
    })
  }

  it('by which the greater incarnation wins brings the dead back, when a lost disk makes it count again', () => {
    const byIncarnation: Rules = { ...protocol, join: joinByIncarnation }
    for (const rules of [byIncarnation, protocol]) {
      const mesh = startedMesh(3, rules)
      const [one, sleeper, dead] = mesh.nodes as [ModelNode, ModelNode, ModelNode]
      for (let i = 0; i < 4; i++) mesh.write(dead, 'settings/a', i)
      mesh.raise(dead)
      mesh.quiesce()
      mesh.crash(dead)
      mesh.wipe(dead)
      mesh.start(dead)
      for (let i = 0; i < 2; i++) mesh.raise(dead)
      mesh.hear(one, dead)
      mesh.crash(dead)
      mesh.remove(one, dead)
      mesh.hear(one, sleeper)
      expect(one.document.member(dead.id)?.state).toBe(rules === protocol ? undefined : 'active')
    }
  })

  it('that compares labels decides differently in different orders, for labels are not associative', () => {
    const differing = samples({ nodes: 5, steps: 60 }).filter(schedule => {
      const [a, b, c] = lastThree(run(schedule, protocol))
      const left = mergeBy(protocol, mergeBy(protocol, a, b), c)
      const right = mergeBy(protocol, a, mergeBy(protocol, b, c))
      if (left.version.digest === right.version.digest) {
        const settled = mergeBy(protocol, left, right).version.serial
        expect(settled).toBe(Math.max(left.version.serial, right.version.serial))
      }
      return left.version.serial !== right.version.serial
    })
    expect(differing.length).toBeGreaterThan(0)
  })
})

/** The join of members by (incarnation, state), with horizons as they are. */
function joinByIncarnation(mine: Configuration, theirs: Configuration): ConfigurationText {
  const joined = joinTexts(mine, theirs)
  const records = [...mine.members, ...theirs.members].flatMap(member => {
    const [a, b] = [mine.member(member.id), theirs.member(member.id)]
    if (a === undefined || b === undefined || a.incarnation === b.incarnation) return []
    const [greater, otherHorizon] = a.incarnation > b.incarnation ? [a, theirs.horizon] : [b, mine.horizon]
    return greater.since > otherHorizon ? [memberRecord(greater)] : []
  })
  return { ...Configuration.of(joined, mine.version).write(records), horizon: joined.horizon }
}

function faultsInStory(rules: Rules, story: (typeof OTHER_RULES)[number]['story']): string[] {
  const mesh = startedMesh(3, protocol)
  mesh.quiesce()
  mesh.rules = rules
  story(mesh, mesh.node(0), mesh.node(1), mesh.node(2))
  return mesh.faults
}

/** What goes wrong, over some schedules that are the same in every run. */
function faultsInSchedules(rules: Rules): string[] {
  const faults = new Set<string>()
  for (const schedule of samples({ nodes: 8, steps: 150 })) {
    const mesh = run(schedule, rules)
    mesh.quiesce(20)
    mesh.deliverAll()
    mesh.quiesce(20)
    mesh.checkAgreement()
    for (const fault of mesh.faults) faults.add(fault)
  }
  return [...faults]
}

function samples(bounds: { nodes: number; steps: number }): Schedule[] {
  return fc.sample(anySchedule(bounds), { numRuns: 60, seed: 1 })
}

function lastThree(mesh: MeshModel): [Configuration, Configuration, Configuration] {
  return [mesh.node(0).document, mesh.node(1).document, mesh.node(2).document]
}

function startedMesh(count: number, rules: Rules): MeshModel {
  const mesh = new MeshModel(count, rules)
  for (const node of mesh.nodes) mesh.start(node)
  return mesh
}
