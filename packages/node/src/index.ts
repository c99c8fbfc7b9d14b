export type { NodeState, PartitionStats } from '@cachemesh/core'
export {
  CacheMeshError,
  ERRORS,
  type ErrorCode,
  LIMITS,
  type Member,
  type MemberState,
  type Version,
} from '@cachemesh/protocol'
export { createNode } from './create-node.ts'
export { type Duration, parseDuration } from './duration.ts'
export type { NodeEvents } from './events.ts'
export { generateKey, readKeyFile } from './mesh-key.ts'
export {
  Namespace,
  type NamespaceOptions,
  type RawEntry,
  type RouteView,
  type SetOptions,
} from './namespace.ts'
export { CacheMeshNode, type NodeStats, type Readiness } from './node.ts'
export type { NodeOptions } from './options.ts'
export { parseSize, type Size } from './size.ts'
export { type ConfigurationView, livingMembers, type RingView } from './view.ts'
