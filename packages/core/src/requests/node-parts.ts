import type { Configuration, Stamp } from '@cachemesh/protocol'
import type { SettingsReader } from '../configuration/settings.ts'
import type { Placement } from '../placement/placement.ts'
import type { Store } from '../store/store.ts'

/** What requests need of the node that handles them: a `NodeCore` has all of it. */
export interface NodeParts {
  readonly id: string
  readonly store: Store
  readonly placement: Placement
  readonly settings: SettingsReader
  readonly stamp: Stamp
  /** The current one. */
  readonly configuration: Configuration
}
