// The tour: what a mesh does, shown on a running one with real data. Each step checks what it shows and throws
// when that does not hold.

import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { CacheMeshError } from '@cachemesh/protocol'
import { table } from '../output/table.ts'
import { bytes } from '../output/words.ts'
import { agreement } from './agreement.ts'
import type { LocalMesh } from './local-mesh.ts'
import { findManifests } from './manifests.ts'
import { type Move, moveOf } from './move.ts'
import type { NodeProcess } from './node-process.ts'
import type { Shown, Terminal } from './terminal.ts'
import { type Entries, readAll, type Seen, writeAll } from './traffic.ts'

type Progress = (text: string) => void

const NO_HAND_OFF = [
  'values do not follow their keys to a new owner yet: whoever needs',
  'one of them sets it again',
]

/**
 * Shows everything on a mesh of two nodes or more. Resolves to a key that can be read afterwards; rejects at the
 * first step that does not hold.
 */
export async function tour(mesh: LocalMesh, terminal: Terminal): Promise<string | undefined> {
  const { entries, large } = findManifests([process.cwd(), import.meta.dirname])
  const shown = new Tour(mesh, entries)
  const count = `${entries.size} package.json files`
  await terminal.step(`${count} written through node 1`, shown.write)
  await terminal.step('read back through each of the others', shown.read)
  if (large !== undefined)
    await terminal.step('a large value, through node 1 and back', progress => shown.large(large, progress))
  await terminal.step('one more node joins', shown.join)
  await terminal.step('the misses are set again', shown.refill)
  await terminal.step('a node leaves', shown.leave)
  await terminal.step('the misses are set again', shown.refill)
  return [...entries.keys()].find(key => !key.startsWith('@'))
}

class Tour {
  readonly #mesh: LocalMesh
  readonly #entries: Entries
  /** The keys as they were seen last. */
  #seen: Seen | undefined

  constructor(mesh: LocalMesh, entries: Entries) {
    this.#mesh = mesh
    this.#entries = entries
  }

  readonly write = async (progress: Progress): Promise<Shown> => {
    if (this.#entries.size === 0)
      throw new CacheMeshError('ERR_NOT_FOUND', 'There is no node_modules here to take real data from')
    await writeAll(this.#first, this.#entries, progress)
    const total = [...this.#entries.values()].reduce((sum, { length }) => sum + length, 0)
    return { lines: [`key NAME@VERSION, the file as value, ${bytes(total)} in all`] }
  }

  readonly read = async (progress: Progress): Promise<Shown> => {
    const rows: string[][] = []
    for (const node of this.#mesh.nodes.slice(1)) {
      const seen = await readAll(node, this.#entries, progress)
      const { identical, local, forwarded, missing } = seen
      if (missing.length > 0) throw lost(node, missing)
      const owned = [...seen.owners.values()].filter(owner => owner === node.ready.nodeId).length
      if (local !== owned || local + forwarded !== identical)
        throw new CacheMeshError(
          'ERR_INTERNAL',
          `Node ${node.number} owns ${owned} of the keys, but answered ${local} itself and forwarded ${forwarded}`,
        )
      rows.push([`node ${node.number}`, String(identical), String(local), String(forwarded)])
      this.#seen = seen
    }
    const columns = ['THROUGH', 'IDENTICAL', 'LOCAL', 'FORWARDED'].map((head, index) => ({
      head,
      right: index > 0,
    }))
    return { lines: table(columns, rows).split('\n') }
  }

  readonly large = async (path: string, progress: Progress): Promise<Shown> => {
    const entries = new Map([[basename(path), await readFile(path)]])
    await writeAll(this.#first, entries, progress)
    for (const node of this.#mesh.nodes) {
      const { missing } = await readAll(node, entries, progress)
      if (missing.length > 0) throw lost(node, missing)
    }
    const [file] = entries.values()
    return {
      lines: [`${basename(path)} of npm, ${bytes(file?.length ?? 0)}, the same bytes from every node`],
    }
  }

  readonly join = async (progress: Progress): Promise<Shown> => {
    const before = await agreement(this.#mesh.nodes)
    progress('starting')
    const node = await this.#mesh.add()
    const after = await agreement(this.#mesh.nodes, before.serial)
    const move = await this.#move(progress)
    if (move.changed.some(({ to }) => to !== node.ready.nodeId) || move.changed.length === 0)
      throw movedElsewhere(`node ${node.number} joined`)
    return {
      title: `node ${node.number} joins`,
      lines: [
        `serial ${before.serial} → ${after.serial} on all ${this.#mesh.nodes.length} nodes`,
        `${move.share} changed their owner, all of them to node ${node.number}`,
        move.readable,
        ...(this.#seen?.missing.length ? NO_HAND_OFF : []),
      ],
    }
  }

  /** The node that was started last of the first ones, not the newcomer: its keys are nowhere else. */
  readonly leave = async (progress: Progress): Promise<Shown> => {
    const node = this.#mesh.nodes.at(-2) as NodeProcess
    const { nodeId, api } = node.ready
    const before = await agreement(this.#mesh.nodes)
    node.expectEnd()
    await node.api.request('POST', '/v1/leave')
    const { code } = await node.ended
    if (code !== 0)
      throw new CacheMeshError('ERR_INTERNAL', `Node ${node.number} (${api}) ended with ${code}`)
    const after = await agreement(this.#mesh.nodes, before.serial)
    const move = await this.#move(progress)
    if (move.changed.some(({ from }) => from !== nodeId) || move.changed.length === 0)
      throw movedElsewhere(`node ${node.number} left`)
    return {
      title: `node ${node.number} leaves`,
      lines: [
        `serial ${before.serial} → ${after.serial} on the other ${this.#mesh.nodes.length}`,
        `${move.share} changed their owner, all of them those of node ${node.number}`,
        move.readable,
      ],
    }
  }

  readonly refill = async (progress: Progress): Promise<Shown> => {
    const missing = new Set(this.#seen?.missing)
    const misses = new Map([...this.#entries].filter(([key]) => missing.has(key)))
    await writeAll(this.#first, misses, progress)
    const reader = this.#mesh.nodes.at(-1) as NodeProcess
    this.#seen = await readAll(reader, this.#entries, progress)
    if (this.#seen.missing.length > 0) throw lost(reader, this.#seen.missing)
    return { lines: [`all ${this.#entries.size} keys identical through node ${reader.number}`] }
  }

  get #first(): NodeProcess {
    return this.#mesh.nodes[0] as NodeProcess
  }

  /** Reads all keys after a change of the mesh, through a node that was there before and after it. */
  async #move(progress: Progress): Promise<Move> {
    const before = this.#seen as Seen
    this.#seen = await readAll(this.#first, this.#entries, progress)
    return moveOf(before, this.#seen)
  }
}

function lost(node: NodeProcess, missing: readonly string[]): CacheMeshError {
  return new CacheMeshError(
    'ERR_NOT_FOUND',
    `Node ${node.number} does not find ${missing.length} keys that were written, ${missing[0]} for one`,
  )
}

function movedElsewhere(event: string): CacheMeshError {
  return new CacheMeshError('ERR_INTERNAL', `When ${event}, keys moved between nodes that had no part in it`)
}
