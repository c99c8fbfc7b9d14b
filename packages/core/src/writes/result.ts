import type { WriteOutcome } from '@cachemesh/protocol'
import type { Entry } from '../store/entry.ts'
import type { Written } from '../store/store.ts'

/** What a write did. `version` is that of the entry that is there now; 0: there is none. */
export interface WriteResult extends Written {
  readonly outcome: WriteOutcome
  /** What a counter stands at. */
  readonly count?: bigint | undefined
  /** What is there now, when it took effect: an entry or a delete marker. Valid until the next write to the store. */
  readonly entry?: Entry
}
