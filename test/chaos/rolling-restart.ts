// Every node restarted, one after the other, while all keys are read through those that serve: as a deployment does it, which
// takes a node out of rotation, tells it to leave, starts it again and goes on when it is warm.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StartedNode } from '../e2e/processes.ts'
import { eventually, freeAddresses, Mesh, pause } from './mesh.ts'
import { hitsPercent, isFailed, lowestHits, Readers, setAll, setSettings } from './readers.ts'

export interface RollingRestart {
  readonly nodes: number
  /** Reads that found their entry before the first restart, in percent. */
  readonly hitsBefore: number
  /** The same in the worst second of all later ones. */
  readonly hitsLowest: number
  readonly calls: number
  /** Calls that ended with an error. */
  readonly failed: number
  /** From telling the first node to leave until the last one is warm, ms. */
  readonly tookMs: number
}

const KEYS = 300
const BEFORE_MS = 2_000

export async function rollingRestart({ nodes: count }: { readonly nodes: number }): Promise<RollingRestart> {
  const mesh = new Mesh()
  const directory = await mkdtemp(join(tmpdir(), 'cachemesh-rolling-'))
  try {
    const addresses = await freeAddresses(count)
    const start = (place: number): Promise<StartedNode> => {
      const seeds = addresses.filter((_, other) => other !== place)
      const args = ['--data-dir', join(directory, String(place)), '--seed', ...seeds]
      return mesh.processes.node(args, addresses[place] as string)
    }
    const nodes = await Promise.all(addresses.map((_, place) => start(place)))
    await mesh.agreed(nodes)
    const [first] = nodes as [StartedNode]
    await setSettings(first, { replicas: 1, ackReplicas: 1 })
    await mesh.agreed(nodes)
    const keys = Array.from({ length: KEYS }, (_, i) => `key-${i}`)
    await eventually('keys are set', 20_000, () => setAll(keys, first))
    const readers = new Readers(keys, nodes)
    readers.start()
    await pause(BEFORE_MS)
    const startedAt = performance.now()
    for (const [place, node] of nodes.entries()) {
      readers.spare(node)
      node.process.kill('SIGTERM')
      await node.process.ended
      const back = await start(place)
      await eventually('it is warm', 30_000, () => isWarm(back))
      readers.add(back)
    }
    const endedAt = performance.now()
    await readers.end()
    return {
      nodes: count,
      hitsBefore: hitsPercent(readers.reads, 0, startedAt),
      hitsLowest: lowestHits(readers.reads, startedAt, endedAt),
      calls: readers.reads.length,
      failed: readers.reads.filter(isFailed).length,
      tookMs: Math.round(endedAt - startedAt),
    }
  } finally {
    await mesh.end()
    await rm(directory, { recursive: true, force: true })
  }
}

async function isWarm({ api }: StartedNode): Promise<true | undefined> {
  const response = await fetch(`${api}/v1/node`)
  const { readiness } = (await response.json()) as { readiness: { ready: boolean; entries: string } }
  return (readiness.ready && readiness.entries === 'warm') || undefined
}
