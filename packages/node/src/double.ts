import type { NodeCore } from '@cachemesh/core'
import type { Transport } from '@cachemesh/libp2p'
import type { CacheMeshError } from '@cachemesh/protocol'

/** How long a node that was elsewhere before waits for an answer from there, ms. */
const ANSWER_MAX_MS = 500

/**
 * Looks whether another process is this node: one that answers where this node was before. Members that know the
 * other one would say so too; of a node without any other members nobody would.
 *
 * @throws ERR_DUPLICATE_IDENTITY
 */
export async function findDouble(core: NodeCore, transport: Transport): Promise<void> {
  const before = core.configuration.member(core.id)?.addresses ?? []
  const elsewhere = before.filter(address => !transport.addresses.includes(address))
  if (elsewhere.length === 0) return
  // With its own peer id in it nobody would dial an address.
  const addresses = elsewhere.map(address => address.replace(/\/p2p\/[^/]+$/, ''))
  try {
    await transport.dial(addresses, undefined, { timeoutMs: ANSWER_MAX_MS })
  } catch (error) {
    if ((error as CacheMeshError).code === 'ERR_DUPLICATE_IDENTITY') throw error
  }
}
