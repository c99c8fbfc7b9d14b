import { CacheMeshError } from '@cachemesh/protocol'
import { CacheMeshNode } from './node.ts'
import { type NodeOptions, readOptions } from './options/options.ts'
import { start } from './start.ts'

/**
 * Starts a node of a cache mesh in this process: it listens, finds its mesh through the seeds, and joins.
 * Resolves when it serves and its peers know it, or when no seed has answered for some seconds: it is alone
 * then, and keeps trying.
 *
 * `beforeJoin` is called with the node before it listens, and waited for: what is started there, such as its HTTP API, answers
 * while the node joins, and the mesh hears of it with the node's first word. Until then calls fail with ERR_UNAVAILABLE. What it
 * throws, this throws. What it started is for the caller to end, also when this throws.
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
export async function createNode(
  options: NodeOptions = {},
  beforeJoin?: (node: CacheMeshNode) => unknown,
): Promise<CacheMeshNode> {
  const settings = await readOptions(options)
  if (beforeJoin !== undefined && typeof beforeJoin !== 'function')
    throw new CacheMeshError('ERR_INVALID_ARGUMENT', 'beforeJoin is a function')
  return start({ settings, make: started => new CacheMeshNode(started), beforeJoin })
}
