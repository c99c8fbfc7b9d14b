// An owner killed under load: when does each of its keys get its first good answer, and does any call take longer than
// its deadline?

import type { StartedNode } from '../e2e/processes.ts'
import { eventually, Mesh, pause, quantile } from './mesh.ts'
import { isFailed, Readers, setAll, setSettings } from './readers.ts'

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
/** Load before the kill, and after it, ms. */
const BEFORE_MS = 500
const AFTER_MS = 2_000

export async function killedOwner({ nodes: count }: { readonly nodes: number }): Promise<KilledOwner> {
  const mesh = new Mesh()
  try {
    const nodes = await mesh.processes.mesh(count)
    await mesh.agreed(nodes)
    const [victim, ...others] = nodes as [StartedNode, ...StartedNode[]]
    await setSettings(victim, { timeoutMs: DEADLINE_MS })
    await mesh.agreed(nodes)
    const owned = await keysOf(victim)
    await eventually('keys are set', 20_000, () => setAll(owned, others[0] as StartedNode))
    const readers = new Readers(owned, others)
    readers.start()
    await pause(BEFORE_MS)
    victim.process.kill('SIGKILL')
    const killedAt = performance.now()
    await pause(AFTER_MS)
    await readers.end()
    return { nodes: count, ...seen(owned, readers, killedAt) }
  } finally {
    await mesh.end()
  }
}

function seen(keys: readonly string[], { reads }: Readers, killedAt: number): Omit<KilledOwner, 'nodes'> {
  const first = new Map<string, number>()
  for (const read of reads) {
    // Asked after the kill: an answer that was on its way already tells nothing.
    if (isFailed(read) || read.askedAt <= killedAt || first.has(read.key)) continue
    first.set(read.key, read.answeredAt - killedAt)
  }
  const waits = keys.map(key => first.get(key) ?? Number.POSITIVE_INFINITY)
  const durations = reads.map(({ askedAt, answeredAt }) => answeredAt - askedAt)
  return {
    affectedKeys: keys.length,
    firstAnswer: { p50: quantile(waits, 0.5), p99: quantile(waits, 0.99), max: quantile(waits, 1) },
    calls: reads.length,
    failed: reads.filter(isFailed).length,
    slowestCallMs: quantile(durations, 1),
    deadlineMs: DEADLINE_MS,
    pastDeadline: durations.filter(ms => ms > DEADLINE_MS + WAY_MS).length,
  }
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
