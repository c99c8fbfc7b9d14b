import type {
  Alteration,
  CacheMeshError,
  EntryBody,
  FillBody,
  Frame,
  LoadWish,
  ReleaseBody,
} from '@cachemesh/protocol'
import type { Instant } from '../limits/instant.ts'
import type { Role } from '../placement/router.ts'

/** The way of a request that has passed nobody. One for all: most calls are of this node's own program. */
export const NO_HOPS: readonly string[] = []

/** What is asked of whoever is responsible for a key. */
export interface KeyRequest {
  readonly kind:
    | 'get'
    | 'set'
    | 'delete'
    | 'alter'
    | 'load'
    | 'fill'
    | 'release'
    | 'invalidate'
    | 'look'
    | 'replicate'
    | BatchKind
  /** Qualified key. */
  readonly key: string
  readonly hash: number
  /** For `set`: in memory that nobody else writes to. */
  readonly entry?: EntryBody
  /** For `alter`: its entry in memory that nobody else writes to. */
  readonly alteration?: Alteration
  /** For a batch: what is asked of the keys in it, all of one owner. `key` and `hash` are those of the first. */
  readonly parts?: readonly KeyRequest[]
  /** For `load`. */
  readonly wish?: LoadWish
  /** For `fill`: its value in memory that nobody else writes to. */
  readonly fill?: FillBody
  readonly release?: ReleaseBody
  /** For `invalidate`: of the write. */
  readonly version?: number
  /** For `replicate`: a packed entry. */
  readonly carried?: Uint8Array
}

export type BatchKind = 'getMany' | 'setMany' | 'deleteMany'

/** What a write leaves behind. */
export interface Carried {
  readonly version: number
  readonly outcome?: string
}

/** Knows when a write that was carried out here may be acknowledged. */
export interface Acknowledging {
  after(write: Executed, at: Instant, end: Ending): void
}

/** A write as it was carried out here. */
export interface Executed {
  readonly request: KeyRequest
  readonly written: Carried
  readonly as: Role
  /** The member whose program wrote it, when that asked here itself. */
  readonly writer?: string
  /** Monotonic ms. */
  readonly deadline: number
}

/** One of the two is called, once. */
export interface Ending {
  acknowledge(at: Instant): void
  /** It may have taken effect all the same. */
  refuse(error: CacheMeshError): void
}

/** A request and who waits for its answer: a program of this process, or a peer that passed it on. */
export interface Call {
  readonly request: KeyRequest
  /** Calls that travel as this one. Each of them goes its own way when it does not come through. */
  readonly parts?: readonly Call[]
  /** Members it has passed before this node. */
  readonly hops: readonly string[]
  /** Monotonic ms. It is answered by then, whatever happens. */
  readonly deadline: number
  /** Members that did not answer. */
  failed: readonly string[]
  /** The member that is asked now, and since when, in ms that this node has listened (calls.ts). */
  to: string
  sentAt: number
  /** Nobody but this member can answer it. */
  readonly only?: string
  /** Whoever owns the key may answer who asked first, not only the member that was asked. */
  straight?: boolean
  /** For a peer's request that may be answered so: the id under which that peer waits. */
  readonly origin?: number | undefined

  /** The reply of another member; valid during the call only. */
  answered(frame: Frame, at: Instant): void
  /** The member that is asked says that the load is under way. */
  waits?(): void
  /** The member that is asked has answered who asked first. */
  settled?(): void
  /** This node itself answers. */
  served(as: Role, at: Instant, acknowledging: Acknowledging): void
  /** `at` is missing when the node is closed. */
  failedWith(error: CacheMeshError, at?: Instant): void
}
