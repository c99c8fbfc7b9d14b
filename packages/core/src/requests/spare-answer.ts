import { FLAG } from '@cachemesh/protocol'
import type { Instant } from '../limits/instant.ts'
import type { Target } from '../placement/placement.ts'
import type { Entry } from '../store/entry.ts'
import type { NodeParts } from './node-parts.ts'
import type { Reply } from './reply.ts'

/**
 * Answers a read out of what this node keeps for the owner of the key: a value, or that it cannot say. It says a value
 * only when that is as good as the owner's own: all who keep the entry have every write that was acknowledged; by the one
 * configuration that it shares with who asks it is one of them, and has all that it should have; and most of those
 * who watch it have heard it so lately that nobody can have removed it, and gone on to write without it.
 */
export function showSpare(
  node: NodeParts,
  target: Target,
  { digestPrefix, reply, at }: { readonly digestPrefix: number; readonly reply: Reply; readonly at: Instant },
): void {
  const entry = digestPrefix === node.stamp.digestPrefix ? keptForAll(node, target, at.now) : undefined
  if (entry === undefined) reply.miss(FLAG.stoodIn)
  else reply.found(entry, at.now)
}

/** What this node keeps of a key, if that is as good as what its owner has. */
export function keptForAll(
  { placement, replication, isWatched, store }: NodeParts,
  target: Target,
  now: number,
): Entry | undefined {
  const { key, hash } = target
  if (!placement.replicates || !placement.isOnAll(key) || !replication.full) return undefined
  const [owner, ...replicas] = placement.holders(target)
  if (owner === undefined || !replicas.includes(placement.self)) return undefined
  if (!replication.hasAllOf(owner) || !isWatched(now)) return undefined
  const entry = store.read(key, now, hash)
  return entry !== undefined && entry.staleAt > now ? entry : undefined
}
