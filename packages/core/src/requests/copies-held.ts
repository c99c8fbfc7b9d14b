// What members that keep the same entries ask of each other: what they hold, and to take what one of them wrote.

import { CacheMeshError, FLAG, type Frame, packCarried, unpackCarried } from '@cachemesh/protocol'
import type { Instant } from '../limits/instant.ts'
import type { Target } from '../placement/placement.ts'
import { carriedOf, entryFrom } from '../replication/carrying.ts'
import type { NodeParts } from './node-parts.ts'
import type { Outlet } from './outlet.ts'
import type { Reply } from './reply.ts'

/** Answers a look. A miss is marked when this node might not know of an entry. */
export function showHeld(
  { store, replication }: NodeParts,
  target: Target,
  { reply, at }: { readonly reply: Reply; readonly at: Instant },
): void {
  const entry = store.latest(target.key)
  const isVoid = entry === undefined || (!entry.deleted && store.erasures.hide(target.key, entry))
  if (isVoid) reply.miss(replication.informed(target) ? 0 : FLAG.stoodIn)
  else reply.held(packCarried(carriedOf(entry, at.now)))
}

/** Takes what the owner of a key wrote. Throws ERR_NOT_OWNER when the sender is no longer the owner, as known here. */
export function takeCopy(
  { replication }: NodeParts,
  target: Target,
  {
    from,
    frame,
    failed,
    reply,
    at,
  }: {
    readonly from: Outlet
    readonly frame: Frame
    readonly failed: readonly string[]
    readonly reply: Reply
    readonly at: Instant
  },
): void {
  if (!replication.mayWrite(from.peer, target, { failed, serial: frame.serial })) {
    const message = `Member ${from.peer} no longer orders the writes of this key; try again`
    throw new CacheMeshError('ERR_NOT_OWNER', message)
  }
  const entry = entryFrom(unpackCarried(frame.carried()), at.now)
  // What it does not keep it must not confirm: the write would be acknowledged, and read here as it was before.
  if (replication.take(from.peer, target, { entry, at }) === 'ahead') {
    throw new CacheMeshError(
      'ERR_UNAVAILABLE',
      'The version of this write lies too far ahead of the clock here',
    )
  }
  // What is kept here in somebody's place goes back, and does not stay to be found when it has long been written over.
  if (failed.length > 0) replication.stoodIn(failed, at.now)
  reply.done({ version: entry.version, existed: false })
}
