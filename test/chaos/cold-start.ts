// All nodes of a mesh started at once, as after a power cut: how long after the last one listens do all hold one
// configuration with all of them in it?

import { readFile } from 'node:fs/promises'
import { eventually, freeAddresses, Mesh, pause } from './mesh.ts'

export interface ColdStart {
  readonly nodes: number
  /** From the first start until the last one listens, ms. */
  readonly listeningMs: number
  /** From then until all agree, ms. Negative: they had agreed before that was seen. */
  readonly agreedMs: number
  /** Nodes that never said they were ready. */
  readonly stuck: number
  readonly serial: number
}

export async function coldStart({ nodes }: { readonly nodes: number }): Promise<ColdStart> {
  const mesh = new Mesh()
  try {
    const addresses = await freeAddresses(nodes)
    const seeds = ['--seed', ...addresses.slice(0, 3)]
    const startedAt = performance.now()
    const starting = addresses.map(address => mesh.processes.node(seeds, address))
    const all = Promise.allSettled(starting)
    const listeningAt = await lastListens(addresses)
    const settled = await all
    const ready = settled.flatMap(one => (one.status === 'fulfilled' ? [one.value] : []))
    const { serial } = await mesh.agreed(ready)
    const agreedAt = performance.now()
    return {
      nodes,
      listeningMs: Math.round(listeningAt - startedAt),
      agreedMs: Math.round(agreedAt - listeningAt),
      stuck: nodes - ready.length,
      serial,
    }
  } finally {
    await mesh.end()
  }
}

/** When the kernel says that something listens at all of these addresses. */
async function lastListens(addresses: readonly string[]): Promise<number> {
  const ports = addresses.map(address => Number(address.split(':')[1]))
  return eventually('all listen', 120_000, async () => {
    const listening = await listeningPorts()
    if (ports.every(port => listening.has(port))) return performance.now()
    await pause(20)
    return undefined
  })
}

/** Reading a table costs nothing of the machine that the nodes need; connecting to thirty of them would. */
async function listeningPorts(): Promise<Set<number>> {
  const LISTEN = '0A'
  const rows = (await readFile('/proc/net/tcp', 'utf8')).trim().split('\n').slice(1)
  const fields = rows.map(row => row.trim().split(/\s+/))
  const listening = fields.filter(([, , , state]) => state === LISTEN)
  return new Set(listening.map(([, local = '']) => Number.parseInt(local.split(':')[1] ?? '', 16)))
}
