export { Random } from './chance/random.ts'
export { type Change, checkChange, type Expected, GROUPS, type Values } from './configuration/change.ts'
export { type Answer, destroyedError, type Operation } from './configuration/operations.ts'
export { packConfiguration, unpackConfiguration } from './configuration/packed.ts'
export {
  isSettingName,
  SETTING_NAMES,
  SETTINGS,
  type SettingKind,
  type SettingName,
  SettingsReader,
} from './configuration/settings.ts'
export type { Instant } from './limits/instant.ts'
export { BOUNDS, RULES, type Rules, TIMES } from './limits/limits.ts'
export type { Contact } from './membership/contacts.ts'
export type { Suspicion } from './membership/doubts.ts'
export { observersOf } from './membership/observers.ts'
export type { Attributes } from './membership/presence.ts'
export type { Input } from './node/input.ts'
export { NodeCore } from './node/node-core.ts'
export type { NodeCoreOptions } from './node/options.ts'
export type { NodeState, Output } from './node/output.ts'
export { type Located, Placement } from './placement/placement.ts'
export type { Call, KeyRequest, Role } from './requests/call.ts'
export { Calls, SWEEP_MS } from './requests/calls.ts'
export { executeWrite } from './requests/execution.ts'
export { type Found, foundHere, Lookup, type LookupParts } from './requests/lookup.ts'
export type { NodeParts } from './requests/node-parts.ts'
export { type Outlet, type Outlets, sent, writerFor } from './requests/outlet.ts'
export { OwnWrite, type OwnWriteParts } from './requests/own-write.ts'
export { Responder } from './requests/responder.ts'
export { checkSize } from './requests/value-size.ts'
export { deleteMarker, type Entry, entryOf, type NewEntry } from './store/entry.ts'
export { ARCS, type ArcFloor, arcOf, Floors } from './store/floors.ts'
export type { PartitionStats } from './store/partition.ts'
export type { Store, Written } from './store/store.ts'
export { type Accepted, type Arrived, accept, mergeFloors } from './writes/accept.ts'
export { type AlterRequest, alter, type WriteFrame } from './writes/alter.ts'
export type { WriteResult } from './writes/result.ts'
