// A mesh of real processes that a scenario does things to, and what each of its nodes says. Runs in tests and in
// `npm run chaos`.

import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { Processes, type StartedNode } from '../e2e/processes.ts'

export interface Member {
  readonly id: string
  readonly state: string
  readonly incarnation: number
}

export interface View {
  readonly serial: number
  readonly digest: string
  readonly members: readonly Member[]
}

export class Mesh {
  readonly processes: Processes = new Processes()

  /** What a node says of the mesh; rejects when it does not answer. */
  async view({ api }: StartedNode): Promise<View> {
    const response = await fetch(`${api}/v1/configuration`, { signal: AbortSignal.timeout(2_000) })
    const { version, members } = (await response.json()) as { version: View; members: Member[] }
    return { serial: version.serial, digest: version.digest, members }
  }

  /** Waits until the nodes hold one configuration in which exactly they are active. */
  async agreed(nodes: readonly StartedNode[], timeoutMs = 30_000): Promise<View> {
    const ids = idsOf(nodes)
    return eventually(`${nodes.length} nodes agree`, timeoutMs, async () => {
      // The nodes need the machine more than the question how far they are: one is asked until it has everybody.
      await pause(2 * nodes.length)
      const view = await this.view(nodes[0] as StartedNode)
      const active = view.members.filter(({ state }) => state === 'active').map(({ id }) => id)
      if (active.sort().join() !== ids) throw new Error(`one at ${view.serial}: ${statesOf(view.members)}`)
      const versions = await Promise.all(nodes.map(node => this.#version(node)))
      const counts = new Map<string, number>()
      for (const version of versions) counts.set(version, (counts.get(version) ?? 0) + 1)
      if (counts.size === 1) return view
      throw new Error([...counts].map(([version, count]) => `${count} at ${version}`).join())
    })
  }

  async #version({ api }: StartedNode): Promise<string> {
    const response = await fetch(`${api}/v1/configuration/version`, { signal: AbortSignal.timeout(5_000) })
    const { serial, digest } = (await response.json()) as View
    return `${serial} ${digest.slice(0, 8)}`
  }

  async end(): Promise<void> {
    await this.processes.end()
  }
}

function idsOf(nodes: readonly StartedNode[]): string {
  return nodes
    .map(({ nodeId }) => nodeId)
    .sort()
    .join()
}

function statesOf(members: readonly Member[]): string {
  return members.map(({ id, state, incarnation }) => `${id.slice(-4)}:${state}@${incarnation}`).join(',')
}

/** Tries until it succeeds; rejects with the last failure when the time is over. */
export async function eventually<T>(
  what: string,
  timeoutMs: number,
  attempt: () => Promise<T | undefined>,
): Promise<T> {
  const until = performance.now() + timeoutMs
  let cause: unknown
  while (performance.now() < until) {
    try {
      const result = await attempt()
      if (result !== undefined) return result
    } catch (error) {
      cause = error
    }
    await pause(20)
  }
  throw new Error(`${what}: not within ${timeoutMs} ms`, { cause })
}

export function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}

/** Below those that the kernel gives to whoever connects somewhere: such a one may be taken again before a node listens there. */
const PORTS = { from: 12_000, count: 20_000 }

/** Addresses on loopback that were free a moment ago. */
export async function freeAddresses(count: number): Promise<string[]> {
  const servers: Server[] = []
  for (
    let port = Math.floor(Math.random() * PORTS.count);
    servers.length < count;
    port = (port + 1) % PORTS.count
  ) {
    const server = createServer().listen(PORTS.from + port, '127.0.0.1')
    try {
      await once(server, 'listening')
      servers.push(server)
    } catch {
      // Somebody else's: the next one.
    }
  }
  const ports = servers.map(server => (server.address() as AddressInfo).port)
  await Promise.all(servers.map(server => once(server.close(), 'close')))
  return ports.map(port => `127.0.0.1:${port}`)
}

/** The value below which this part of the sorted values lies. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN)
}
