import type { CacheMeshError } from '@cachemesh/protocol'
import type { Instant } from '../limits/instant.ts'
import type { Target } from '../placement/placement.ts'

type Settle = (error: CacheMeshError | undefined, at: Instant | undefined) => void

export interface Write {
  readonly target: Target
  /** Monotonic ms. */
  readonly deadline: number
  /** Called once: at once when nobody is waited for. */
  readonly settle: Settle
}
