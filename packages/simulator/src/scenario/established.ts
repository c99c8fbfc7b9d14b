import type { Attributes } from '@cachemesh/core'
import { packConfiguration } from '@cachemesh/core'
import { author, Configuration, memberRecord } from '@cachemesh/protocol'

/** What all hosts of an established mesh have on their disks. */
export interface Established {
  readonly configuration: Configuration
  readonly bytes: Uint8Array
}

/** A mesh in which all these nodes have been active for long. */
export function establish(
  meshId: string,
  nodes: readonly { readonly id: string; readonly attributes: Attributes }[],
): Established {
  const records = nodes.map(({ id, attributes }) =>
    memberRecord({ id, ...attributes, incarnation: 1, state: 'active', since: 1 }),
  )
  const configuration = author(Configuration.empty(meshId), records, 1)
  return { configuration, bytes: packConfiguration(configuration) }
}
