// Schedules for a mesh model: what happens, in which order, to whom. They shrink to the few steps that matter.

import fc from 'fast-check'
import { MeshModel, type Rules } from './mesh-model.ts'

const STEPS = {
  say: 3,
  deliver: 4,
  lose: 1,
  write: 2,
  remove: 1,
  leave: 1,
  crash: 1,
  start: 3,
  wipe: 1,
  raise: 1,
  claim: 1,
} as const

type Step = { readonly kind: keyof typeof STEPS; readonly a: number; readonly b: number; readonly c: number }

export interface Schedule {
  readonly nodes: number
  readonly steps: readonly Step[]
}

const anyStep: fc.Arbitrary<Step> = fc.record({
  kind: fc.oneof(
    ...Object.entries(STEPS).map(([kind, weight]) => ({
      weight,
      arbitrary: fc.constant(kind as Step['kind']),
    })),
  ),
  a: fc.nat(15),
  b: fc.nat(15),
  c: fc.nat(63),
})

export function anySchedule(bounds: {
  readonly nodes: number
  readonly steps: number
}): fc.Arbitrary<Schedule> {
  return fc.record({
    nodes: fc.integer({ min: 2, max: bounds.nodes }),
    steps: fc.array(anyStep, { minLength: 10, maxLength: bounds.steps, size: 'max' }),
  })
}

/** Runs a schedule. `seen` hears of each step, with the mesh as it then is. */
export function run(schedule: Schedule, rules: Rules, seen?: (mesh: MeshModel) => void): MeshModel {
  const mesh = new MeshModel(schedule.nodes, rules)
  // Without somebody to start with most schedules would be about nobody.
  for (const node of mesh.nodes.slice(0, 2)) mesh.start(node)
  for (const step of schedule.steps) {
    take(mesh, step)
    seen?.(mesh)
  }
  mesh.start(mesh.node(0))
  return mesh
}

function take(mesh: MeshModel, { kind, a, b, c }: Step): void {
  const [one, other] = [mesh.node(a), mesh.node(b)]
  switch (kind) {
    case 'say':
      mesh.say(one, other)
      break
    case 'deliver':
      mesh.deliver(c, c % 3 === 0)
      break
    case 'lose':
      mesh.lose(c)
      break
    case 'write':
      mesh.write(one, `settings/${b % 2}`, c % 5)
      break
    case 'remove':
      mesh.remove(one, other)
      break
    case 'leave':
      mesh.remove(one, one)
      break
    case 'crash':
      mesh.crash(one)
      break
    case 'start':
      mesh.start(one)
      break
    case 'wipe':
      mesh.wipe(one)
      break
    case 'raise':
      mesh.raise(one)
      break
    case 'claim':
      for (const node of mesh.living) mesh.claim(node)
  }
}
