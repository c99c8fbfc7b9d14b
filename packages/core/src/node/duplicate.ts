import { CacheMeshError } from '@cachemesh/protocol'

/** Somebody else lives by the identity of this node. */
export function duplicateError(id: string): CacheMeshError {
  return new CacheMeshError(
    'ERR_DUPLICATE_IDENTITY',
    `Another process claims to be node ${id}: its data directory was copied. This node has stopped; ` +
      'start it with a data directory of its own',
  )
}
