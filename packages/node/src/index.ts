export {
  type Expected,
  type FlightStats,
  type NodeState,
  type PartitionStats,
  type ReplicationState,
  SETTINGS,
  type SettingKind,
  type SettingName,
} from '@cachemesh/core'
export {
  CacheMeshError,
  ERRORS,
  type ErrorCode,
  LIMITS,
  type Member,
  type MemberState,
  type Version,
} from '@cachemesh/protocol'
export { createMembership } from './create-membership.ts'
export { createNode } from './create-node.ts'
export type { KeptName, MemberStorage } from './data-dir/member-storage.ts'
export type { StorageState } from './data-dir/storage-state.ts'
export type { NodeEvents } from './events.ts'
export type { LoadView } from './load-view.ts'
export type { Fed, FedEntry } from './loading/fed-entry.ts'
export type { GetOptions } from './loading/get-options.ts'
export type { DataStoreOptions, Load, LoadContext } from './loading/load.ts'
export type { Source } from './loading/source.ts'
export { Membership, type Readiness } from './membership.ts'
export type { MeshChange, MeshConfiguration, OwnAttributes } from './mesh/change.ts'
export type { Changed, ChangeOptions, Mesh, Propagated } from './mesh/mesh.ts'
export type { GatewayAddress } from './mesh/own-record.ts'
export type { SettingView } from './mesh/settings.ts'
export {
  type Finding,
  Namespace,
  type NamespaceOptions,
  type RawEntry,
  type RouteView,
} from './namespace.ts'
export { CacheMeshNode, type NodeStats } from './node.ts'
export { type Duration, parseDuration } from './options/duration.ts'
export { generateKey, readKeyFile } from './options/mesh-key.ts'
export type { MembershipOptions, NodeOptions } from './options/options.ts'
export { parseSize, type Size } from './options/size.ts'
export type { PlacedPart, PlacementView } from './placements.ts'
export { type ConfigurationView, livingMembers, type RingView } from './view.ts'
export {
  type CountOptions,
  NamespaceWrites,
  type PutEntryOptions,
  type Versioned,
} from './writing/namespace-writes.ts'
export type { CountResult, Erased, NotStored, Settled, Stored, WriteResult } from './writing/results.ts'
export type { SetOptions } from './writing/set-options.ts'
