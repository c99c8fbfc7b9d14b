// Times and bounds of a node. Durations in ms; each says what it trades.

export const TIMES = {
  /** Between two comparisons of versions with a random peer. Bounds how long a lost announcement stays unknown. */
  antiEntropyMs: 3_000,
  /** A pull that is not answered by then is asked again. */
  pullTimeoutMs: 1_000,
  /** How long somebody who has all peers told waits for the slowest of them. */
  propagateMs: 5_000,
  /** First wait before an address is tried again, doubled up to the longest. */
  redialMinMs: 200,
  redialMaxMs: 5_000,
  /** Head start of the node with the smaller id, so that two nodes rarely dial each other at once. */
  dialHeadStartMs: 250,
  /** How long a node with seeds waits at most for the first of them before it serves alone. */
  aloneAfterMs: 5_000,
  /** Entry versions further ahead of the clock are refused: they would win every conflict. */
  clockAheadMaxMs: 5_000,
  /** A clock further off the median of the peers' clocks is corrected by it. */
  clockSkewMaxMs: 1_000,
} as const

export const BOUNDS = {
  /** Documents kept to resolve deltas against. A peer further behind than that pulls by summary. */
  historyMax: 16,
  /** What an entry costs beside its key and value bytes: objects, map slot, list links (measured: docs/performance.md). */
  entryOverheadBytes: 320,
  /** The reserved partition: the configuration lives here, out of reach of eviction, expiry and flush. */
  reservedBytes: 16 * 1024 * 1024,
  /** The smallest cache that makes sense, reserved partition not counted. */
  cacheBytesMin: 1024 * 1024,
  /** Share of the cache for entries that others own. */
  copiesShare: 0.2,
  /** Peers that a node tells of a change directly, besides announcing it. */
  toldMax: 3,
  /** Members that may answer for a key besides its replicas, when those cannot be reached. */
  standInsMax: 2,
} as const
