// Every bound of the protocol, in one place. Each is checked before anything is allocated for it.

const KiB = 1024
const MiB = 1024 * KiB

export const LIMITS = {
  /** UTF-8 bytes of a key with its namespace (keys.ts). A URL fits. */
  keyBytesMax: 4 * KiB,
  /** Characters of a namespace. */
  namespaceLengthMax: 64,
  /** Bytes of a value. A frame never announces more than this and a little head. */
  valueBytesMax: 64 * MiB,
  /** UTF-8 bytes of a content type. */
  contentTypeBytesMax: 255,
  /** Tags of an entry, and characters of a tag. */
  tagsMax: 16,
  tagLengthMax: 256,
  /** Slots that the tags of a mesh share: each that is used is a record of the configuration (tags.ts). */
  tagSlotsMax: 2_048,
  /** Keys in one batch. */
  batchMax: 1_024,
  /** Bytes of the values that answer one batch; the others have to be asked for alone. */
  batchBytesMax: 1 * MiB,
  /** Time to live: 10 years. Longer means "no expiry". */
  ttlMsMax: 10 * 365 * 24 * 3600 * 1000,
  /** Frames up to this size go on the stream for small frames, larger ones on the bulk stream. */
  smallFrameBytesMax: 64 * KiB,
  /** Members that a request may pass before it is answered where it is. */
  hopsMax: 2,
  /** Members that a request names as unreachable: no preference list is longer. */
  failedMax: 16,
  /** Bytes of a node id (a libp2p peer id in base58 has 52). */
  nodeIdBytesMax: 128,
  /** Bytes of one message body (MessagePack). The whole configuration of 10,000 members fits twice. */
  messageBytesMax: 16 * MiB,
  /** Bytes of one page of entries: the largest entry with its key, and what stands around it. */
  pageBytesMax: 64 * MiB + 6 * KiB,
  /** Entries of one page. */
  pageEntriesMax: 4_096,
  /** Canonical bytes of all records of one configuration: with their head they are one message still. */
  configurationBytesMax: 16 * MiB - 4 * KiB,
  /** Nesting of a structured value or a message; deeper ones overflow the stack of the decoder. */
  depthMax: 64,
  /** Bytes of a BigInt in a value: decoding takes time that grows with the square of them. */
  bigintBytesMax: 1024,
  /** Characters of the name of a mesh. */
  meshIdLengthMax: 255,
  /** Members in one configuration: 16,384 and the two tombstones for each that may be kept. */
  membersMax: 3 * 16_384,
  /** Accusers whose words one message carries, charges in it, and others who could not reach each of those charged. */
  wordsMax: 1_024,
  chargesMax: 1_024,
  witnessesMax: 16,
  /** Settings, namespaces and placements in one configuration; authors stop at half of it (merge.ts). */
  registersMax: 8_192,
  /** Canonical bytes of one record of the configuration. */
  recordBytesMax: 16 * KiB,
  /** Addresses of one member. */
  addressesMax: 16,
  /** Characters of one address. */
  addressLengthMax: 256,
  /** A serial this far above one's own is a jump no healed partition explains. */
  serialJumpMax: 2 ** 32,
  /** The greatest serial that is taken: what is counted from it stays a safe integer. */
  serialMax: 2 ** 53 - 2 ** 40,
  /** Weight of a member: 0 owns nothing, 1 is usual. */
  weightMax: 100,
} as const
