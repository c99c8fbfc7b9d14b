// Real nodes for tests, closed when the test ends.

import { onTestFinished, vi } from 'vitest'
import { createNode } from '../create-node.ts'
import type { CacheMeshNode } from '../node.ts'
import type { NodeOptions } from '../options/options.ts'

export async function startNode(options: NodeOptions = {}): Promise<CacheMeshNode> {
  const node = await createNode(options)
  onTestFinished(() => node.close())
  return node
}

/** Nodes that know and are linked to each other. */
export async function startMesh(count: number, options: NodeOptions = {}): Promise<CacheMeshNode[]> {
  const nodes: CacheMeshNode[] = []
  for (let i = 0; i < count; i++) {
    const seeds = nodes[0] === undefined ? [] : nodes[0].addresses
    nodes.push(await startNode({ ...options, seeds }))
  }
  await converged(nodes)
  return nodes
}

export async function converged(nodes: readonly CacheMeshNode[]): Promise<void> {
  await vi.waitFor(
    () => {
      const versions = new Set(
        nodes.map(({ configuration: { version } }) => `${version.serial} ${version.digest}`),
      )
      const linked = nodes.every(node => node.stats.links === nodes.length - 1)
      const active = nodes.every(node => activeMembers(node) === nodes.length)
      if (versions.size !== 1 || !linked || !active)
        throw new Error(`not converged: ${[...versions].join(', ')}`)
    },
    { timeout: 15_000, interval: 20 },
  )
}

export function activeMembers(node: CacheMeshNode): number {
  return node.configuration.members.filter(member => member.state === 'active').length
}

/** Keys that this node owns, by its own view. */
export function keysOf(owner: CacheMeshNode, count: number, prefix = 'key'): string[] {
  const keys: string[] = []
  for (let i = 0; keys.length < count; i++) {
    const key = `${prefix}-${i}`
    if (owner.route(key).local) keys.push(key)
  }
  return keys
}
