import { setTimeout } from 'node:timers/promises'
import { CacheMeshError } from '@cachemesh/protocol'
import type { Version } from '../api/replies.ts'
import type { NodeProcess } from './node-process.ts'

const POLL_MS = 25
const AGREE_MAX_MS = 10_000

interface NodeView {
  readonly state: string
  readonly version: Version
  readonly stats: { readonly links: number }
}

/**
 * Waits until all nodes are connected to each other and hold one configuration, newer than `after` on each of
 * them. Resolves to its version. Throws ERR_TIMEOUT when they do not agree.
 */
export async function agreement(nodes: readonly NodeProcess[], after = 0): Promise<Version> {
  const until = performance.now() + AGREE_MAX_MS
  for (;;) {
    const views = await Promise.all(nodes.map(({ api }) => api.json<NodeView>('/v1/node')))
    const version = (views[0] as NodeView).version
    if (views.every(view => agrees(view, { version, links: nodes.length - 1, after }))) return version
    if (performance.now() > until) {
      const seen = views.map(({ state, version, stats }, index) => {
        const { number } = nodes[index] as NodeProcess
        return `node ${number} is ${state}, has ${stats.links} links, serial ${version.serial} ${version.digest.slice(0, 8)}`
      })
      throw new CacheMeshError('ERR_TIMEOUT', `The nodes do not agree: ${seen.join('; ')}`)
    }
    await setTimeout(POLL_MS)
  }
}

function agrees(
  view: NodeView,
  { version, links, after }: { version: Version; links: number; after: number },
): boolean {
  return (
    view.state === 'active' &&
    view.stats.links === links &&
    view.version.serial === version.serial &&
    view.version.digest === version.digest &&
    view.version.serial > after
  )
}
