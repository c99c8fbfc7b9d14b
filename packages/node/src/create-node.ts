import { destroyedError } from '@cachemesh/core'
import type { CacheMeshError } from '@cachemesh/protocol'
import { DataDir, rememberNothing } from './data-dir/data-dir.ts'
import { findDouble } from './double.ts'
import { NodeEmitter } from './events.ts'
import { CacheMeshNode } from './node.ts'
import { type NodeOptions, readOptions } from './options/options.ts'
import { Runtime } from './runtime.ts'
import { SOFTWARE } from './software.ts'

/** How long a node that serves waits for its peers to confirm that they know it, ms. */
const CONFIRMATION_MS = 1_000

/**
 * Starts a node of a cache mesh in this process: it listens, finds its mesh through the seeds, and joins.
 * Resolves when it serves and its peers know it, or when no seed has answered for some seconds: it is alone
 * then, and keeps trying.
 *
 * @throws ERR_INVALID_ARGUMENT, ERR_INVALID_TTL, ERR_MESH_KEY, ERR_INVALID_ADDRESS, ERR_ADDRESS_IN_USE,
 *   ERR_PROTECTED_MODE, ERR_IDENTITY, ERR_CORRUPT_STATE, ERR_DATA_DIR_IN_USE; ERR_MALFORMED_CONFIGURATION and
 *   ERR_INVALID_NAMESPACE for the initial configuration; ERR_MESH_DESTROYED; ERR_WRONG_MESH for the data
 *   directory of another mesh, and, like ERR_ADMISSION_REFUSED, when every seed refuses the node;
 *   ERR_DUPLICATE_IDENTITY when another process is this node, from a copy of its data directory
 *
 * @example
 * const node = await createNode({ seeds: ['10.0.0.5:7400'], listen: '0.0.0.0:7400', keyFile: '/etc/mesh.key' })
 * await node.set('greeting', { hello: 'world' }, { ttl: '5m' })
 */
export async function createNode(options: NodeOptions = {}): Promise<CacheMeshNode> {
  const settings = await readOptions(options)
  const { dataDir } = settings
  const events = new NodeEmitter()
  const data =
    dataDir === undefined
      ? undefined
      : await DataDir.open(dataDir, settings.meshId, error => events.tell('warning', error))
  let runtime: Runtime | undefined
  try {
    const remembered = data?.remembered ?? (await rememberNothing())
    runtime = await Runtime.open({ settings, remembered, software: SOFTWARE, data, events })
    await findDouble(runtime.core, runtime.transport)
    await untilServing(runtime, events)
    return new CacheMeshNode(runtime, events)
  } catch (error) {
    await runtime?.close()
    await data?.close()
    throw error
  }
}

/**
 * Has the node look for its mesh. Resolves when it serves and its peers know it, or do not say so in time: a key that is set then is
 * found by all. Rejects with the last refusal when every seed was reached and none admits this node.
 */
function untilServing(runtime: Runtime, events: NodeEmitter): Promise<void> {
  const { core } = runtime
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let timer: NodeJS.Timeout | undefined
  const onState = () => {
    if (core.configuration.destroyed) reject(destroyedError(core.configuration))
    timer ??= setTimeout(resolve, CONFIRMATION_MS)
  }
  const onWarning = (error: CacheMeshError) => {
    if (core.refused || runtime.duplicate) reject(error)
  }
  if (runtime.duplicate) reject(runtime.duplicate)
  events.on('state', onState)
  events.on('agreed', resolve)
  events.on('warning', onWarning)
  try {
    runtime.present()
  } catch (error) {
    reject(error)
  }
  return promise.finally(() => {
    clearTimeout(timer)
    events.off('state', onState)
    events.off('agreed', resolve)
    events.off('warning', onWarning)
  })
}
