import type { Frame } from '@cachemesh/protocol'
import type { Instant } from '../limits/instant.ts'
import type { Written } from '../store/store.ts'
import { executeFill } from './execution.ts'
import type { NodeParts } from './node-parts.ts'
import { OwnCall, type OwnCallParts } from './own-call.ts'

/** Its request is of kind fill or release. */
export interface OwnFillParts extends OwnCallParts<Written> {
  /** Of the lease; of what a change feed tells there is none, and it goes to the owner. */
  readonly holder?: string
}

/** What this node's own program brings back for a lease, or what its change feed tells. */
export class OwnFill extends OwnCall<Written> {
  readonly only?: string

  constructor(parts: OwnFillParts) {
    super(parts)
    if (parts.holder !== undefined) this.only = parts.holder
  }

  protected override execute({ flights }: NodeParts, at: Instant): Written {
    return executeFill(flights, this.request, at)
  }

  protected override read(frame: Frame): Written {
    return { version: frame.version(), existed: frame.existed }
  }
}
