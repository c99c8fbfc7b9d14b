import type { Attributes } from '@cachemesh/core'
import { CacheMeshError, memberRecord } from '@cachemesh/protocol'

/** Throws ERR_INVALID_ARGUMENT for what no configuration may hold of a member. */
export function checkAttributes(attributes: Attributes): void {
  try {
    memberRecord({ id: 'this', incarnation: 0, state: 'joining', since: 0, ...attributes })
  } catch (cause) {
    throw new CacheMeshError(
      'ERR_INVALID_ARGUMENT',
      (cause as Error).message.replace('A member', 'This node'),
      { cause },
    )
  }
}
