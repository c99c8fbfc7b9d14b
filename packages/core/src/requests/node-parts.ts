import type { Configuration, Stamp } from '@cachemesh/protocol'
import type { SettingsReader } from '../configuration/settings.ts'
import type { Copying } from '../copies/copying.ts'
import type { Flights } from '../flight/flights.ts'
import type { Rules } from '../limits/limits.ts'
import type { Placement } from '../placement/placement.ts'
import type { Replication } from '../replication/replication.ts'
import type { Store } from '../store/store.ts'
import type { Pressure } from './pressure.ts'

/** What requests need of the node that handles them: a `NodeCore` has all of it. */
export interface NodeParts {
  readonly id: string
  readonly store: Store
  readonly placement: Placement
  readonly settings: SettingsReader
  /** Loads of keys that this node answers for. */
  readonly flights: Flights
  /** Copies of what others own, and grants of copies of what this node owns. */
  readonly copying: Copying
  /** What this node has still to get, and what others may write here. */
  readonly replication: Replication
  readonly stamp: Stamp
  /** Ids of requests begin behind this number, another one in each process. */
  readonly requestsAfter: number
  /** Most of those who watch this node have heard it a moment ago. */
  readonly isWatched: (now: number) => boolean
  readonly rules: Rules
  readonly pressure: Pressure
  /** The current one. */
  readonly configuration: Configuration
  /** A request leaves over the link to this peer. */
  used(peer: string): void
  /** This member has answered a request, with whatever but a fault of its own. */
  answered(peer: string): void
  /** This member has not answered a request in time, or with a fault of its own. */
  unanswered(peer: string, now: number): void
}
