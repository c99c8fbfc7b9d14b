// Reads and writes of many keys through one node, and what was seen.

import { CacheMeshError } from '@cachemesh/protocol'
import { keyPath } from '../api/url.ts'
import type { NodeProcess } from './node-process.ts'
import { inParallel } from './parallel.ts'

const AT_ONCE = 16
const NAMESPACE = 'default'

export type Entries = ReadonlyMap<string, Uint8Array>
type Progress = (text: string) => void

/** What the keys were when they were read through one node. */
export interface Seen {
  /** Keys whose value was byte for byte the expected one. */
  readonly identical: number
  /** Found in the memory of the node that was asked. */
  readonly local: number
  /** Fetched from the node that owns it. */
  readonly forwarded: number
  readonly missing: readonly string[]
  /** Id of the owner of each key. */
  readonly owners: ReadonlyMap<string, string>
}

export async function writeAll(node: NodeProcess, entries: Entries, progress: Progress): Promise<void> {
  await inParallel([...entries], AT_ONCE, async ([key, body], index) => {
    const headers = { 'content-type': 'application/json' }
    await node.api.request('PUT', keyPath('keys', NAMESPACE, key), { headers, body })
    progress(`${index + 1} of ${entries.size}`)
  })
}

/** Throws when a node answers with a value that nobody wrote, or names an owner that did not answer. */
export async function readAll(node: NodeProcess, entries: Entries, progress: Progress): Promise<Seen> {
  const owners = new Map<string, string>()
  const missing: string[] = []
  const served = new Map<unknown, number>()
  await inParallel([...entries], AT_ONCE, async ([key, expected], index) => {
    progress(`node ${node.number}: ${index + 1} of ${entries.size}`)
    const reply = await node.api.request('GET', keyPath('keys', NAMESPACE, key)).catch(notFound)
    if (reply === undefined) {
      missing.push(key)
      const { owner } = await node.api.json<{ owner: string }>(keyPath('route', NAMESPACE, key))
      owners.set(key, owner)
      return
    }
    if (!reply.body.equals(expected)) throw different(key, node)
    const how = reply.headers['cachemesh-served']
    served.set(how, (served.get(how) ?? 0) + 1)
    owners.set(key, String(reply.headers['cachemesh-owner']))
  })
  return {
    identical: entries.size - missing.length,
    local: served.get('local') ?? 0,
    forwarded: served.get('forwarded') ?? 0,
    missing,
    owners,
  }
}

function notFound(error: unknown): undefined {
  if (error instanceof CacheMeshError && error.code === 'ERR_NOT_FOUND') return undefined
  throw error
}

function different(key: string, node: NodeProcess): CacheMeshError {
  return new CacheMeshError(
    'ERR_INTERNAL',
    `Node ${node.number} answered key ${key} with bytes that nobody wrote`,
  )
}
