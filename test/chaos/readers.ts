// Callers that read keys in turn from the nodes of a mesh, and what they need before that.

import type { StartedNode } from '../e2e/processes.ts'

/** One read, by the clock of the scenario. */
export interface Read {
  readonly key: string
  readonly askedAt: number
  readonly answeredAt: number
  readonly status: number
}

const CALLERS = 8

export class Readers {
  readonly reads: Read[] = []
  readonly #keys: readonly string[]
  #nodes: readonly StartedNode[]
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

  /** Asks this node no more, as a load balancer does with one that is about to be restarted. */
  spare(node: StartedNode): void {
    this.#nodes = this.#nodes.filter(other => other !== node)
  }

  add(node: StartedNode): void {
    this.#nodes = [...this.#nodes, node]
  }

  /** Resolves when the last read is answered. */
  async end(): Promise<void> {
    this.#ended = true
    await Promise.all(this.#callers)
  }

  async #call(): Promise<void> {
    while (!this.#ended) {
      const turn = this.#next++
      const key = this.#keys[turn % this.#keys.length] as string
      const { api } = this.#nodes[turn % this.#nodes.length] as StartedNode
      const askedAt = performance.now()
      const response = await fetch(`${api}/v1/keys/default/${key}`)
      await response.arrayBuffer()
      this.reads.push({ key, askedAt, answeredAt: performance.now(), status: response.status })
    }
  }
}

/** Of the reads asked in this time, how many found their entry, in percent. */
export function hitsPercent(reads: readonly Read[], from: number, to: number): number {
  const within = reads.filter(({ askedAt }) => askedAt >= from && askedAt < to)
  const found = within.filter(({ status }) => status === 200).length
  return Number(((100 * found) / within.length).toFixed(2))
}

/** The same of the worst second. */
export function lowestHits(reads: readonly Read[], from: number, to: number): number {
  let lowest = 100
  for (let second = from; second + 1_000 <= to; second += 1_000)
    lowest = Math.min(lowest, hitsPercent(reads, second, second + 1_000))
  return lowest
}

/** Neither a value nor a miss. */
export function isFailed({ status }: Read): boolean {
  return status !== 200 && status !== 404
}

export async function setSettings(
  { api }: StartedNode,
  settings: Readonly<Record<string, number>>,
): Promise<void> {
  const response = await fetch(`${api}/v1/configuration`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ settings }),
  })
  if (!response.ok) throw new Error(`the settings were not set: ${await response.text()}`)
}

export async function setAll(keys: readonly string[], { api }: StartedNode): Promise<true> {
  for (const key of keys) {
    const response = await fetch(`${api}/v1/keys/default/${key}`, { method: 'PUT', body: key })
    if (!response.ok) throw new Error(`${key} was not set: ${await response.text()}`)
  }
  return true
}
