// An owner killed under load: when does each of its keys get its first good answer, and does any call take longer than
// its deadline?

import type { StartedNode } from '../e2e/processes.ts'
import { eventually, Mesh, pause, quantile } from './mesh.ts'

export interface KilledOwner {
  readonly nodes: number
  /** Keys that the killed node owned. */
  readonly affectedKeys: number
  /** From the kill to the first good answer for a key, ms; a miss is one. */
  readonly firstAnswer: { readonly p50: number; readonly p99: number; readonly max: number }
  readonly calls: number
  /** Calls that ended with an error. */
  readonly failed: number
  readonly slowestCallMs: number
  readonly deadlineMs: number
  readonly pastDeadline: number
}

/** Deadline of every call in the mesh, ms. */
const DEADLINE_MS = 1_000
/** What the way through HTTP and a busy machine may add to a call that ended in time, ms. */
const WAY_MS = 250
const KEYS = 600
/** Of these so many of the victim's are read, each again and again: that is how finely the wait is seen. */
const AFFECTED_MAX = 50
const CALLERS = 8
/** Load before the kill, and after it, ms. */
const BEFORE_MS = 500
const AFTER_MS = 2_000

export async function killedOwner({ nodes: count }: { readonly nodes: number }): Promise<KilledOwner> {
  const mesh = new Mesh()
  try {
    const nodes = await mesh.processes.mesh(count)
    await mesh.agreed(nodes)
    const [victim, ...others] = nodes as [StartedNode, ...StartedNode[]]
    await setDeadline(victim)
    await mesh.agreed(nodes)
    const owned = await keysOf(victim)
    await eventually('keys are set', 20_000, () => setAll(owned, others[0] as StartedNode))
    const load = new Load(owned, others)
    load.start()
    await pause(BEFORE_MS)
    victim.process.kill('SIGKILL')
    load.killed()
    await pause(AFTER_MS)
    return { nodes: count, ...(await load.end()) }
  } finally {
    await mesh.end()
  }
}

/** Reads the keys in turn, from all living nodes, and remembers what came of it. */
class Load {
  readonly #keys: readonly string[]
  readonly #nodes: readonly StartedNode[]
  readonly #first = new Map<string, number>()
  readonly #durations: number[] = []
  #failed = 0
  #killedAt = Number.POSITIVE_INFINITY
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

  killed(): void {
    this.#killedAt = performance.now()
  }

  async end(): Promise<Omit<KilledOwner, 'nodes'>> {
    this.#ended = true
    await Promise.all(this.#callers)
    const waits = this.#keys.map(key => this.#first.get(key) ?? Number.POSITIVE_INFINITY)
    return {
      affectedKeys: this.#keys.length,
      firstAnswer: { p50: quantile(waits, 0.5), p99: quantile(waits, 0.99), max: quantile(waits, 1) },
      calls: this.#durations.length,
      failed: this.#failed,
      slowestCallMs: quantile(this.#durations, 1),
      deadlineMs: DEADLINE_MS,
      pastDeadline: this.#durations.filter(ms => ms > DEADLINE_MS + WAY_MS).length,
    }
  }

  async #call(): Promise<void> {
    while (!this.#ended) {
      const turn = this.#next++
      const key = this.#keys[turn % this.#keys.length] as string
      const { api } = this.#nodes[turn % this.#nodes.length] as StartedNode
      const askedAt = performance.now()
      const response = await fetch(`${api}/v1/keys/default/${key}`)
      await response.arrayBuffer()
      const now = performance.now()
      this.#durations.push(now - askedAt)
      if (response.status !== 200 && response.status !== 404) this.#failed++
      // Asked after the kill: an answer that was on its way already tells nothing.
      else if (askedAt > this.#killedAt && !this.#first.has(key)) this.#first.set(key, now - this.#killedAt)
    }
  }
}

async function setDeadline({ api }: StartedNode): Promise<void> {
  const response = await fetch(`${api}/v1/configuration`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ settings: { timeoutMs: DEADLINE_MS } }),
  })
  if (!response.ok) throw new Error(`the deadline was not set: ${await response.text()}`)
}

async function keysOf({ api, nodeId }: StartedNode): Promise<string[]> {
  const keys = Array.from({ length: KEYS }, (_, i) => `key-${i}`)
  const owned: string[] = []
  for (const key of keys) {
    const response = await fetch(`${api}/v1/route/default/${key}`)
    const { owner } = (await response.json()) as { owner: string }
    if (owner === nodeId) owned.push(key)
  }
  return owned.slice(0, AFFECTED_MAX)
}

async function setAll(keys: readonly string[], { api }: StartedNode): Promise<true> {
  for (const key of keys) {
    const response = await fetch(`${api}/v1/keys/default/${key}`, { method: 'PUT', body: key })
    if (!response.ok) throw new Error(`${key} was not set: ${await response.text()}`)
  }
  return true
}
