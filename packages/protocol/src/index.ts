export { type Bucket, EMPTY_BUCKET } from './configuration/bucket.ts'
export { Configuration, sizeOf } from './configuration/configuration.ts'
export { applyDelta, type Delta, deltaTo, type Summary, summaryOf } from './configuration/delta.ts'
export {
  isTombstone,
  MEMBER_STATES,
  type Member,
  type MemberState,
  tombstone,
} from './configuration/member.ts'
export { author, destroy, merge } from './configuration/merge.ts'
export { BUCKETS, type ConfigurationRecord, memberRecord, registerRecord } from './configuration/record.ts'
export { canonicalJson, isErasure, type Register } from './configuration/register.ts'
export { TOMBSTONES, type TombstoneBound } from './configuration/tombstones.ts'
export {
  checkVersion,
  compareVersions,
  digestPrefix,
  type Label,
  type Version,
} from './configuration/version.ts'
export { CacheMeshError, ERRORS, type ErrorCode, errorCode, errorNumber } from './errors.ts'
export {
  type Alteration,
  type AlteredBody,
  alterationOf,
  COUNT_MAX,
  OPERATIONS,
  type OperationName,
  WRITE_OUTCOMES,
  type WriteOutcome,
} from './frames/alter-bodies.ts'
export type { BatchAnswer, BatchWrite } from './frames/batch-bodies.ts'
export type { EntryBody } from './frames/entry-body.ts'
export { Frame, type FrameEntry, type Target } from './frames/frame.ts'
export { readU64, writeU64 } from './frames/integer.ts'
export { CONTENT_TYPES, FLAG, type FrameKind, HEAD_BYTES, KIND, type Stamp } from './frames/layout.ts'
export type { FillBody, LeaseBody, LoadWish, ReleaseBody, VersionedEntry } from './frames/load-bodies.ts'
export { BULK_FRAME_MAX, FrameReader, SMALL_FRAME_MAX } from './frames/reader.ts'
export { packSettled, unpackSettled } from './frames/settled-body.ts'
export type { RequestPath } from './frames/sizes.ts'
export { FrameWriter } from './frames/writer.ts'
export {
  DEFAULT_NAMESPACE,
  hashQualified,
  keyPrefix,
  namespaceOf,
  prefixKey,
  qualifyKey,
  splitKey,
  utf8Length,
} from './keys.ts'
export { LIMITS } from './limits.ts'
export { type CarriedEntry, packCarried, unpackCarried } from './messages/carried.ts'
export {
  type Accusation,
  type Charge,
  decodeMessage,
  type EncodedMessage,
  encodeMessage,
  type Message,
  type Word,
} from './messages/message.ts'
export { isTransfer, SLICES, type TransferMessage, type TransferredEntry } from './messages/transfer.ts'
export {
  BYTES,
  checkValue,
  decodeValue,
  type EncodedValue,
  encodeValue,
  encodeView,
  STRUCTURED,
} from './messages/values.ts'
export { hashKey } from './placement/hash.ts'
export {
  PARTITION_KINDS,
  PARTITION_RULES_MAX,
  type PartitionKind,
  type PartitionPlace,
  type PartitionRule,
  Partitions,
  partitionRules,
} from './placement/partitions.ts'
export { POSITIONS_PER_WEIGHT } from './placement/positions.ts'
export { Ring, type RingRange } from './placement/ring.ts'
export {
  ARC_SLOTS,
  arcSlot,
  type RingParts,
  ringOf,
  ringParts,
  type SetPosition,
  SLOT_ARCS_MAX,
  setPositions,
} from './placement/ring-of.ts'
export type { RingMember, RingOverride } from './placement/roster.ts'
export { tagSlot, tagSlots } from './tags.ts'
