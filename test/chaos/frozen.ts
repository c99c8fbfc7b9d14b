// A node that stands still for a while, as in a long garbage collection or a paused machine. A short while must remove
// nobody, and a node that wakes must accuse nobody; after a long one it comes back.

import type { StartedNode } from '../e2e/processes.ts'
import { Mesh, pause, type View } from './mesh.ts'

export interface Frozen {
  readonly nodes: number
  readonly frozenMs: number
  /** Whether anybody removed the frozen node. */
  readonly removed: boolean
  /** Others that anybody removed at any time. */
  readonly falseRemovals: number
  /** From waking until all agree again, ms. */
  readonly agreedMs: number
  /** How far the serial went meanwhile. */
  readonly serials: number
}

/** How long a node that woke is watched for accusations, ms: longer than silence needs to become one. */
const WATCH_MS = 4_000

export async function frozen(options: {
  readonly nodes: number
  readonly frozenMs: number
}): Promise<Frozen> {
  const mesh = new Mesh()
  try {
    const nodes = await mesh.processes.mesh(options.nodes)
    const before = await mesh.agreed(nodes)
    const sleeper = nodes.at(-1) as StartedNode
    const others = nodes.slice(0, -1)
    const watch = new Watch(mesh, nodes, sleeper.nodeId)
    sleeper.process.kill('SIGSTOP')
    await watch.during(others, options.frozenMs)
    const wokeAt = performance.now()
    sleeper.process.kill('SIGCONT')
    await mesh.agreed(nodes)
    const agreedMs = Math.round(performance.now() - wokeAt)
    await watch.during(nodes, WATCH_MS)
    const after = await mesh.agreed(nodes)
    return {
      ...options,
      removed: watch.removed,
      falseRemovals: watch.falseRemovals,
      agreedMs,
      serials: after.serial - before.serial,
    }
  } finally {
    await mesh.end()
  }
}

/** Looks again and again whether anybody is no longer a member. */
class Watch {
  removed = false
  readonly #mesh: Mesh
  readonly #sleeper: string
  readonly #ids: ReadonlySet<string>
  readonly #falselyRemoved = new Set<string>()

  constructor(mesh: Mesh, nodes: readonly StartedNode[], sleeper: string) {
    this.#mesh = mesh
    this.#sleeper = sleeper
    this.#ids = new Set(nodes.map(({ nodeId }) => nodeId))
  }

  get falseRemovals(): number {
    return this.#falselyRemoved.size
  }

  async during(nodes: readonly StartedNode[], ms: number): Promise<void> {
    const until = performance.now() + ms
    while (performance.now() < until) {
      const views = await Promise.allSettled(nodes.map(node => this.#mesh.view(node)))
      for (const view of views) if (view.status === 'fulfilled') this.#look(view.value)
      await pause(100)
    }
  }

  #look({ members }: View): void {
    const active = new Set(members.filter(({ state }) => state === 'active').map(({ id }) => id))
    for (const id of this.#ids) {
      if (active.has(id)) continue
      if (id === this.#sleeper) this.removed = true
      else this.#falselyRemoved.add(id)
    }
  }
}
