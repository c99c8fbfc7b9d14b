// Nodes between which nothing passes for a while, though all of them live: a partition, or two that cannot reach each
// other while the rest reach both. Each side serves; when the cut heals all are one mesh again.

import type { StartedNode } from '../e2e/processes.ts'
import { freeAddresses, Mesh, pause, quantile } from './mesh.ts'
import { Switch } from './switch.ts'

/** `last`: the last node is alone. `halves`: the mesh is in two. `pair`: only the first two miss each other. */
export type CutKind = 'last' | 'halves' | 'pair'

export interface Cut {
  readonly kind: CutKind
  readonly nodes: number
  readonly cutMs: number
  readonly calls: number
  /** Calls that ended with an error; a miss is none. */
  readonly failed: number
  /** How many failed on each node with each error. */
  readonly failures: Readonly<Record<string, number>>
  readonly slowestCallMs: number
  /** Members that were not active in the configuration of some node when the cut ended. */
  readonly removedDuring: number
  /** From healing until all hold one configuration with all of them, ms. */
  readonly healedMs: number
  readonly serials: number
}

export async function cut(options: {
  readonly kind: CutKind
  readonly nodes: number
  readonly cutMs: number
}): Promise<Cut> {
  const mesh = new Mesh()
  const between = new Switch()
  try {
    const nodes = await startBehind(between, mesh, options.nodes)
    const before = await mesh.agreed(nodes)
    for (const [a, b] of pairsOf(options.kind, options.nodes)) between.cut(a, b)
    const calls = await callDuring(nodes, options.cutMs)
    const views = await Promise.all(nodes.map(node => mesh.view(node)))
    const gone = views.flatMap(({ members }) => members.filter(({ state }) => state !== 'active'))
    between.heal()
    const healedAt = performance.now()
    const after = await mesh.agreed(nodes, 60_000)
    return {
      ...options,
      ...calls,
      removedDuring: new Set(gone.map(({ id }) => id)).size,
      healedMs: Math.round(performance.now() - healedAt),
      serials: after.serial - before.serial,
    }
  } finally {
    await mesh.end()
    await between.close()
  }
}

/** Starts nodes that know each other by addresses of the switch only. */
async function startBehind(between: Switch, mesh: Mesh, count: number): Promise<StartedNode[]> {
  const listen = await freeAddresses(count)
  const shown = await Promise.all(listen.map((address, index) => between.open(index, address)))
  const nodes: StartedNode[] = []
  const start = async (index: number) => {
    const args = [
      '--advertise',
      shown[index] as string,
      ...(index === 0 ? [] : ['--seed', shown[0] as string]),
    ]
    nodes[index] = await mesh.processes.node(args, listen[index], pid => between.is(index, pid))
  }
  await start(0)
  await Promise.all(listen.slice(1).map((_, index) => start(index + 1)))
  return nodes
}

function pairsOf(kind: CutKind, count: number): [number, number][] {
  if (kind === 'pair') return [[0, 1]]
  const border = kind === 'last' ? count - 1 : Math.ceil(count / 2)
  const pairs: [number, number][] = []
  for (let a = 0; a < border; a++) for (let b = border; b < count; b++) pairs.push([a, b])
  return pairs
}

/** Writes and reads through every node for so long. */
async function callDuring(
  nodes: readonly StartedNode[],
  ms: number,
): Promise<Pick<Cut, 'calls' | 'failed' | 'failures' | 'slowestCallMs'>> {
  const until = performance.now() + ms
  const durations: number[] = []
  let failed = 0
  const failures: Record<string, number> = {}
  const caller = async ({ api }: StartedNode, index: number) => {
    for (let turn = 0; performance.now() < until; turn++) {
      const askedAt = performance.now()
      const response = await fetch(`${api}/v1/keys/default/key-${turn % 100}`)
      const text = await response.text()
      durations.push(performance.now() - askedAt)
      if (response.status !== 200 && response.status !== 404) {
        const name = `node ${index} ${/ERR_[A-Z_]+/.exec(text)?.[0]}`
        failures[name] = (failures[name] ?? 0) + 1
        failed++
      }
      await pause(5)
    }
  }
  await Promise.all(nodes.map(caller))
  return { calls: durations.length, failed, failures, slowestCallMs: quantile(durations, 1) }
}
