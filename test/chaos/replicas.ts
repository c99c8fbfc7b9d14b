// One of five killed while each entry has a replica: how many reads find their entry before, and in the second after?

import type { StartedNode } from '../e2e/processes.ts'
import { eventually, Mesh, pause } from './mesh.ts'
import { hitsPercent, isFailed, Readers, setAll, setSettings } from './readers.ts'

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
const BEFORE_MS = 2_000
const AFTER_MS = 4_000

export async function replicas({ nodes: count }: { readonly nodes: number }): Promise<Replicas> {
  const mesh = new Mesh()
  try {
    const nodes = await mesh.processes.mesh(count)
    await mesh.agreed(nodes)
    const [victim, ...others] = nodes as [StartedNode, ...StartedNode[]]
    await setSettings(victim, { replicas: 1, ackReplicas: 1 })
    await mesh.agreed(nodes)
    const keys = Array.from({ length: KEYS }, (_, i) => `key-${i}`)
    await eventually('keys are set', 20_000, () => setAll(keys, others[0] as StartedNode))
    const readers = new Readers(keys, others)
    readers.start()
    await pause(BEFORE_MS)
    victim.process.kill('SIGKILL')
    const killedAt = performance.now()
    await pause(AFTER_MS)
    await readers.end()
    return { nodes: count, ...seen(readers, killedAt) }
  } finally {
    await mesh.end()
  }
}

function seen({ reads }: Readers, killedAt: number): Omit<Replicas, 'nodes'> {
  return {
    hitsBefore: hitsPercent(reads, 0, killedAt),
    hitsInSecondAfter: hitsPercent(reads, killedAt, killedAt + 1_000),
    hitsLater: hitsPercent(reads, killedAt + 1_000, Number.POSITIVE_INFINITY),
    calls: reads.length,
    failed: reads.filter(isFailed).length,
  }
}
