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
export { BOUNDS, RULES, type Rules, TIMES } from './limits/limits.ts'
export type { Contact } from './membership/contacts.ts'
export type { Suspicion } from './membership/doubts.ts'
export { observersOf } from './membership/observers.ts'
export type { Attributes } from './membership/presence.ts'
export type { Input, Instant } from './node/input.ts'
export { NodeCore } from './node/node-core.ts'
export type { NodeCoreOptions } from './node/options.ts'
export type { NodeState, Output } from './node/output.ts'
export type { Located } from './placement/placement.ts'
export type { Passed, Route } from './placement/router.ts'
export type { Entry } from './store/entry.ts'
export type { PartitionStats } from './store/partition.ts'
export type { NewEntry, Store, Written } from './store/store.ts'
