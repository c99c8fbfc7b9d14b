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
  readonly #nodes: readonly StartedNode[]
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
