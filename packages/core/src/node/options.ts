import type { Configuration } from '@cachemesh/protocol'
import type { Change } from '../configuration/change.ts'
import type { Merges } from '../configuration/merges.ts'
import type { Rules } from '../limits/limits.ts'
import type { Contact } from '../membership/contacts.ts'
import type { Attributes } from '../membership/presence.ts'
import type { Rings } from '../placement/rings.ts'
import type { StoreOptions } from '../store/store.ts'

export interface NodeCoreOptions {
  readonly id: string
  readonly meshId: string
  /** What the node says of itself; when it is not known yet, an input says it, and nothing is claimed before. */
  readonly attributes?: Attributes
  /** Addresses to find the mesh by; without any the node founds one. */
  readonly seeds: readonly string[]
  /** What a mesh agrees on at first, when this node is among those who found it. */
  readonly initial?: Change
  /** Bytes for entries. */
  readonly cacheBytes: number
  /** Who makes room in them; by default the adaptive policy, with shares that follow the hits. */
  readonly eviction?: Pick<StoreOptions, 'policy' | 'copiesShare'>
  /** Seed of all chance in this node. */
  readonly randomSeed: number
  /** The configuration of an earlier life, from `persist`. */
  readonly remembered?: Configuration
  /** Members that were removed in an earlier life, from `absent`. */
  readonly absent?: readonly Contact[]
  /** Nodes of one process may share the rings that they build, and what comes of merging. */
  readonly rings?: Rings
  readonly merges?: Merges
  /** Other rules than those of a real node; for proving what each is for. */
  readonly rules?: Partial<Rules>
}
