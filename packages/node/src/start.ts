// From options to a member that serves: the place where it keeps what it knows, the loop, and its mesh.

import { destroyedError } from '@cachemesh/core'
import type { CacheMeshError } from '@cachemesh/protocol'
import { openDataDir } from './data-dir/data-dir.ts'
import { Kept, rememberNothing } from './data-dir/kept.ts'
import { placeIn } from './data-dir/storage-place.ts'
import { findDouble } from './double.ts'
import { NodeEmitter } from './events.ts'
import type { Settings } from './options/options.ts'
import { Runtime } from './runtime.ts'
import { SOFTWARE } from './software.ts'

/** How long a node that serves waits for its peers to confirm that they know it, ms. */
const CONFIRMATION_MS = 1_000

export interface Started {
  readonly runtime: Runtime
  readonly events: NodeEmitter
}

export interface Start<M> {
  readonly settings: Settings
  readonly make: (started: Started) => M
  /** Called before the member listens and looks for its mesh. */
  readonly beforeJoin?: ((member: M) => unknown) | undefined
}

/** Resolves when the member serves and its peers know it. When it cannot, nothing of it is left. */
export async function start<M>({ settings, make, beforeJoin }: Start<M>): Promise<M> {
  const events = new NodeEmitter()
  const data = await open(settings, error => events.tell('warning', error))
  let runtime: Runtime | undefined
  try {
    const remembered = data?.remembered ?? (await rememberNothing())
    runtime = await Runtime.create({ settings, remembered, software: SOFTWARE, data, events })
    const member = make({ runtime, events })
    await beforeJoin?.(member)
    await runtime.transport.listen()
    await findDouble(runtime.core, runtime.transport)
    await untilServing(runtime, events)
    return member
  } catch (error) {
    await runtime?.close()
    await data?.close()
    throw error
  }
}

async function open(
  { dataDir, storage, meshId }: Settings,
  failed: (error: CacheMeshError) => void,
): Promise<Kept | undefined> {
  if (dataDir !== undefined) return Kept.open(await openDataDir(dataDir, failed), meshId, failed)
  return storage && Kept.open(placeIn(storage), meshId, failed)
}

/**
 * Has the node look for its mesh. Resolves when it serves and its peers know it, or do not say so in time: a key
 * that is set then is found by all. Rejects with the last refusal when every seed was reached and none admits this
 * node.
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
    runtime.join()
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
