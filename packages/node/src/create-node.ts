import type { CacheMeshError } from '@cachemesh/protocol'
import { ConfigurationFile, openDataDir } from './data-dir.ts'
import { NodeEmitter } from './events.ts'
import { CacheMeshNode } from './node.ts'
import { type NodeOptions, readOptions } from './options.ts'
import { Runtime } from './runtime.ts'
import { SOFTWARE } from './software.ts'

/**
 * Starts a node of a cache mesh in this process: it listens, finds its mesh through the seeds, and joins.
 * Resolves when it serves: joined, or alone after no seed answered for 5 s (it keeps trying).
 *
 * @throws ERR_INVALID_ARGUMENT, ERR_INVALID_TTL, ERR_MESH_KEY, ERR_INVALID_ADDRESS, ERR_ADDRESS_IN_USE,
 *   ERR_PROTECTED_MODE, ERR_IDENTITY, ERR_CORRUPT_STATE; ERR_WRONG_MESH for the data directory of another mesh,
 *   and, like ERR_ADMISSION_REFUSED, when every seed refuses the node
 *
 * @example
 * const node = await createNode({ seeds: ['10.0.0.5:7400'], listen: '0.0.0.0:7400', keyFile: '/etc/mesh.key' })
 * await node.set('greeting', { hello: 'world' }, { ttl: '5m' })
 */
export async function createNode(options: NodeOptions = {}): Promise<CacheMeshNode> {
  const settings = await readOptions(options)
  const { dataDir } = settings
  const remembered = await openDataDir(dataDir, settings.meshId)
  const events = new NodeEmitter()
  const file =
    dataDir === undefined ? undefined : new ConfigurationFile(dataDir, error => events.tell('warning', error))
  const runtime = await Runtime.open({ settings, remembered, software: SOFTWARE, file, events })
  const serving = untilServing(runtime, events)
  runtime.present()
  try {
    await serving
  } catch (error) {
    await runtime.close()
    throw error
  }
  return new CacheMeshNode(runtime, events, settings.seeds.length)
}

/** Rejects with the last refusal when every seed was reached and none admits this node. */
function untilServing({ core }: Runtime, events: NodeEmitter): Promise<void> {
  return new Promise((resolve, reject) => {
    const finished = () => {
      events.off('state', onState)
      events.off('warning', onWarning)
    }
    const onState = () => {
      finished()
      resolve()
    }
    const onWarning = (error: CacheMeshError) => {
      if (!core.refused) return
      finished()
      reject(error)
    }
    events.on('state', onState)
    events.on('warning', onWarning)
  })
}
