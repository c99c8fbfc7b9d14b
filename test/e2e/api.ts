// The HTTP API as the tests use it.

import { vi } from 'vitest'
import type { Ready } from './processes.ts'

export interface Member {
  readonly id: string
  readonly state: string
  readonly incarnation: number
  readonly addresses: readonly string[]
}

interface NodeView {
  readonly state: string
  readonly version: { readonly serial: number; readonly digest: string }
  readonly stats: { readonly links: number }
}

export async function json<T>({ api }: Pick<Ready, 'api'>, path: string): Promise<T> {
  const response = await fetch(api + path)
  return (await response.json()) as T
}

export async function members(node: Pick<Ready, 'api'>): Promise<readonly Member[]> {
  return (await json<{ members: readonly Member[] }>(node, '/v1/members')).members
}

export async function put(node: Ready, key: string, body: string | Uint8Array): Promise<Response> {
  return fetch(`${node.api}/v1/keys/default/${encodeURIComponent(key)}`, {
    method: 'PUT',
    body: body as NonNullable<RequestInit['body']>,
  })
}

export async function get(node: Ready, key: string): Promise<Response> {
  return fetch(`${node.api}/v1/keys/default/${encodeURIComponent(key)}`)
}

/** Waits until all nodes are linked to each other and hold one configuration; resolves to it. */
export async function agreed(nodes: readonly Ready[]): Promise<{ serial: number; digest: string }> {
  return vi.waitFor(
    async () => {
      const views = await Promise.all(nodes.map(node => json<NodeView>(node, '/v1/node')))
      const versions = new Set(views.map(({ version }) => `${version.serial} ${version.digest}`))
      const linked = views.every(({ stats }) => stats.links === nodes.length - 1)
      if (versions.size > 1 || !linked) throw new Error(`not agreed: ${JSON.stringify(views)}`)
      return (views[0] as NodeView).version
    },
    { timeout: 15_000, interval: 10 },
  )
}

/** Calls `use` for each item, eight at a time. */
export async function each<T>(items: readonly T[], use: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values()
  const worker = async () => {
    for (const item of rest) await use(item)
  }
  await Promise.all(Array.from({ length: 8 }, worker))
}
