// One of five killed while each entry has a replica: how many reads find their entry before, and in the second after?

import type { StartedNode } from '../e2e/processes.ts'
import { eventually, Mesh, pause } from './mesh.ts'

export interface Replicas {
  readonly nodes: number
  /** Reads that found their entry, in percent: before the kill, in the second after it, and later. */
  readonly hitsBefore: number
  readonly hitsInSecondAfter: number
  readonly hitsLater: number
  readonly calls: number
  /** Calls that ended with an error. */
  readonly failed: number
}

const KEYS = 300
const CALLERS = 8
const BEFORE_MS = 2_000
const AFTER_MS = 4_000

export async function replicas({ nodes: count }: { readonly nodes: number }): Promise<Replicas> {
  const mesh = new Mesh()
  try {
    const nodes = await mesh.processes.mesh(count)
    await mesh.agreed(nodes)
    const [victim, ...others] = nodes as [StartedNode, ...StartedNode[]]
    await replicate(victim)
    await mesh.agreed(nodes)
    const keys = Array.from({ length: KEYS }, (_, i) => `key-${i}`)
    await eventually('keys are set', 20_000, () => setAll(keys, others[0] as StartedNode))
    const load = new Load(keys, others)
    load.start()
    await pause(BEFORE_MS)
    victim.process.kill('SIGKILL')
    const killedAt = performance.now()
    await pause(AFTER_MS)
    return { nodes: count, ...(await load.end(killedAt)) }
  } finally {
    await mesh.end()
  }
}

class Load {
  readonly #keys: readonly string[]
  readonly #nodes: readonly StartedNode[]
  readonly #reads: { readonly at: number; readonly status: number }[] = []
  #ended = false
  #next = 0
  #callers: Promise<void>[] = []

  constructor(keys: readonly string[], nodes: readonly StartedNode[]) {
    this.#keys = keys
    this.#nodes = nodes
  }

  start(): void {
    this.#callers = Array.from({ length: CALLERS }, () => this.#call())
  }

  async end(killedAt: number): Promise<Omit<Replicas, 'nodes'>> {
    this.#ended = true
    await Promise.all(this.#callers)
    const hits = (from: number, to: number): number => {
      const reads = this.#reads.filter(({ at }) => at >= from && at < to)
      const found = reads.filter(({ status }) => status === 200).length
      return Number(((100 * found) / reads.length).toFixed(2))
    }
    return {
      hitsBefore: hits(0, killedAt),
      hitsInSecondAfter: hits(killedAt, killedAt + 1_000),
      hitsLater: hits(killedAt + 1_000, Number.POSITIVE_INFINITY),
      calls: this.#reads.length,
      failed: this.#reads.filter(({ status }) => status !== 200 && status !== 404).length,
    }
  }

  async #call(): Promise<void> {
    while (!this.#ended) {
      const turn = this.#next++
      const { api } = this.#nodes[turn % this.#nodes.length] as StartedNode
      const at = performance.now()
      const response = await fetch(`${api}/v1/keys/default/${this.#keys[turn % this.#keys.length]}`)
      await response.arrayBuffer()
      this.#reads.push({ at, status: response.status })
    }
  }
}

async function replicate({ api }: StartedNode): Promise<void> {
  const response = await fetch(`${api}/v1/configuration`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ settings: { replicas: 1, ackReplicas: 1 } }),
  })
  if (!response.ok) throw new Error(`replicas were not set: ${await response.text()}`)
}

async function setAll(keys: readonly string[], { api }: StartedNode): Promise<true> {
  for (const key of keys) {
    const response = await fetch(`${api}/v1/keys/default/${key}`, { method: 'PUT', body: key })
    if (!response.ok) throw new Error(`${key} was not set: ${await response.text()}`)
  }
  return true
}
